"""The names of pages, tabs and buttons that users know from the products before ours stay theirs, in each language."""

import pytest
from django.utils import translation

# English, French and, where the products had a Japanese page, Japanese.
NAMES = [
    ("Customer dashboard", "Tableau de bord client", "顧客ダッシュボード"),
    ("Customers", "Clients", "顧客"),
    ("Partner", "Partenaire", "パートナー"),
    ("Distributor", "Distributeur", "ディストリビューター"),
    ("View licensing", "Afficher les licences", "ライセンスの表示"),
    ("Usage", "Utilisation", "使用状況"),
    ("View usage trend", "Afficher tendance d’utilisation", "使用状況の傾向の表示"),
    ("Invite customers", "Inviter des clients", "顧客を招待"),
    ("Invitation link", "Lien d’invitation", "招待リンク"),
    ("Entitlements", "Droits d’utilisation", "使用権"),
    ("Settings", "Paramètres", None),
    ("Operators", "Opérateurs", None),
    ("Apply", "Appliquer", None),
    ("Reader", "Lecteur", None),
    ("Admin", "Admin", None),
    ("Status", "État", None),
    ("Quantity", "Quantité", None),
    ("Marketplace", "Place de marché", None),
    ("CSP reseller audience", "Audience du revendeur CSP", None),
    ("Any partner in the CSP programme", "Tous les partenaires du programme CSP", None),
    (
        "Specific partners in the CSP programme I select",
        "Certains partenaires du programme CSP que je sélectionne",
        None,
    ),
    ("No partners in the CSP programme", "Aucun partenaire du programme CSP", None),
    ("Select CSP partners", "Sélectionner des partenaires CSP", None),
    ("Country", "Pays", None),
    ("Competency", "Compétence", None),
    ("Skill", "Qualification", None),
    ("Add", "Ajouter", None),
    ("Save draft", "Enregistrer le brouillon", None),
    ("Sync CSP audience", "Synchroniser l’audience CSP", None),
    ("Export CSPs", "Exporter les fournisseurs de solutions cloud", None),
    ("Live offer management", "Gestion des offres en direct", None),
    ("Update existing offer", "Mettre à jour l’offre existante", None),
    ("Deauthorize CSP", "Supprimer l’autorisation CSP", None),
    ("Next", "Suivant", None),
    ("Submit", "Envoyer", None),
]


@pytest.mark.promise("E-18")
@pytest.mark.parametrize(("english", "french", "japanese"), NAMES, ids=[name for name, _fr, _ja in NAMES])
def test_a_name_is_the_one_that_users_know(english: str, french: str, japanese: str | None) -> None:
    with translation.override("fr"):
        assert translation.gettext(english) == french
    if japanese:
        with translation.override("ja"):
            assert translation.gettext(english) == japanese
