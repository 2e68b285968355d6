"""The companies and people of the sample data. All are invented; addresses are in the reserved domain .example."""

from dataclasses import dataclass, field

from accounts.models import OrganizationKind, Role
from partnerportal.lib.scopes import Scope

PASSWORD = "partner-portal-demo"

A, R, AA, S = Role.ADMIN, Role.READER, Role.ADMIN_AGENT, Role.SALES_AGENT


@dataclass(frozen=True, kw_only=True)
class SampleCompany:
    """A sample company that is no customer: the vendor, a distributor, a partner or a publisher."""

    key: str  # also the first part of its domain
    name: str
    country: str
    city: str
    kind: OrganizationKind
    org_id: str
    street: str = ""
    postal_code: str = ""
    phone: str = ""
    parent: str = ""
    badges: tuple[tuple[str, int, int | None], ...] = ()  # programme, first and last day counted from today


@dataclass(frozen=True)
class SamplePerson:
    """A sample person with an account. `acts_for` maps the key of each company to the roles that they have there."""

    email: str
    name: str
    language: str
    time_zone: str
    acts_for: dict[str, tuple[Role, ...]] = field(default_factory=dict)


VENDOR = "nimbus"
MAIN = "brightwater"  # the partner that most screens show
UNCONNECTED = "harbourstone"  # a customer without a partner, for trying an invitation

COMPANIES = (
    SampleCompany(key=VENDOR, name="Nimbus Software", kind=OrganizationKind.VENDOR, country="IE", city="Dublin", org_id="10000015",
            street="4 Grand Canal Street", postal_code="D02 XE80", phone="+353 1 555 0100"),
    SampleCompany(key="aldervale", name="Alder & Vale Distribution", kind=OrganizationKind.DISTRIBUTOR, country="GB", city="Leeds",
            org_id="10240518", street="18 Canal Wharf", postal_code="LS11 5PS", phone="+44 113 496 0148",
            badges=(("csp", -800, None),)),
    SampleCompany(key="tokai-dist", name="東海ディストリビューション株式会社", kind=OrganizationKind.DISTRIBUTOR, country="JP", city="名古屋市",
            org_id="10240633", street="中区栄3-15-33", postal_code="460-0008", phone="+81 52 555 0133",
            badges=(("csp", -640, None),)),
    SampleCompany(key=MAIN, name="Brightwater Cloud Services", kind=OrganizationKind.PARTNER, country="GB", city="Bristol",
            org_id="51283940", street="27 Redcliffe Quay", postal_code="BS1 6HU", phone="+44 117 496 0127",
            badges=(("solution_advisor", -940, None), ("csp", -410, 320))),
    SampleCompany(key="ateliers-rhone", name="Ateliers Numériques du Rhône", kind=OrganizationKind.PARTNER, country="FR", city="Lyon",
            org_id="51310277", parent="aldervale", street="12 quai Saint-Vincent", postal_code="69001",
            phone="+33 4 65 71 55 12", badges=(("solution_advisor", -620, None), ("csp", -200, 165))),
    SampleCompany(key="sakura-cloud", name="さくらみらいクラウド株式会社", kind=OrganizationKind.PARTNER, country="JP", city="東京都渋谷区",
            org_id="51377102", parent="tokai-dist", street="神南1-12-10", postal_code="150-0041",
            phone="+81 3 5550 0171", badges=(("service_provider", -500, 230), ("solution_advisor", -500, None), ("csp", -480, None))),
    SampleCompany(key="kestrel-hosting", name="Kestrel Managed Hosting", kind=OrganizationKind.PARTNER, country="US", city="Portland",
            org_id="51402968", street="815 NW Marshall Street", postal_code="97209", phone="+1 503 555 0164",
            badges=(("service_provider", -720, None), ("csp", -700, None))),
    SampleCompany(key="lindqvist-it", name="Lindqvist & Ek IT-konsult", kind=OrganizationKind.PARTNER, country="SE", city="Göteborg",
            org_id="51466051", street="Södra Hamngatan 29", postal_code="411 14", phone="+46 31 555 01 80",
            badges=(("solution_advisor", -780, -25),)),
    SampleCompany(key="hafenlicht", name="Hafenlicht Systemhaus GmbH", kind=OrganizationKind.PARTNER, country="DE", city="Hamburg",
            org_id="51590834", parent="aldervale", street="Am Sandtorkai 41", postal_code="20457",
            phone="+49 40 5550 0195", badges=(("csp", -365, None), ("solution_advisor", -90, None))),
    SampleCompany(key="vega-dist", name="Vega Distribución", kind=OrganizationKind.DISTRIBUTOR, country="ES", city="Madrid",
            org_id="10240791", street="Calle de Serrano 41", postal_code="28001", phone="+34 91 555 0176",
            badges=(("csp", -420, None),)),
    SampleCompany(key="faro-soluciones", name="Soluciones Faro", kind=OrganizationKind.PARTNER, country="ES", city="Valencia",
            org_id="51622417", parent="vega-dist", street="Carrer de Colón 18", postal_code="46004",
            phone="+34 96 555 0118", badges=(("csp", -324, 41), ("solution_advisor", -120, None))),
    SampleCompany(key="lusonuvem", name="LusoNuvem Tecnologia", kind=OrganizationKind.PARTNER, country="PT", city="Porto",
            org_id="51648833", parent="vega-dist", street="Rua das Flores 92", postal_code="4050-265",
            phone="+351 22 555 0143", badges=(("csp", -160, None),)),
    SampleCompany(key="hokusei", name="北星システムズ株式会社", kind=OrganizationKind.PARTNER, country="JP", city="札幌市",
            org_id="51677904", parent="tokai-dist", street="北区北七条西2-6", postal_code="060-0807",
            phone="+81 11 555 0192", badges=(("csp", -290, 75),)),
    SampleCompany(key="polder-it", name="Polder IT Diensten", kind=OrganizationKind.PARTNER, country="NL", city="Utrecht",
            org_id="51703368", parent="aldervale", street="Oudegracht 158", postal_code="3511 AZ",
            phone="+31 30 555 0121", badges=(("csp", -260, None),)),
    SampleCompany(key="pinecrest", name="Pinecrest Digital", kind=OrganizationKind.PARTNER, country="US", city="Denver",
            org_id="51736209", street="1401 Wynkoop Street", postal_code="80202", phone="+1 303 555 0137",
            badges=(("csp", -338, 27), ("service_provider", -338, 27))),
    SampleCompany(key="nordlys", name="Nordlys Drift", kind=OrganizationKind.PARTNER, country="NO", city="Tromsø",
            org_id="51768852", parent="aldervale", street="Storgata 73", postal_code="9008", phone="+47 77 55 01 46"),
    SampleCompany(key="octavo", name="Octavo Analytics", kind=OrganizationKind.PUBLISHER, country="CA", city="Montréal",
            org_id="70118263", street="350 rue McGill", postal_code="H2Y 2E4", phone="+1 514 555 0142"),
    SampleCompany(key="feldspat", name="Feldspat Informationssicherheitsgesellschaft mbH", kind=OrganizationKind.PUBLISHER,
            country="DE", city="Köln", org_id="70224815", street="Im Zollhafen 22", postal_code="50678", phone="+49 221 555 0166"),
    SampleCompany(key="seiran", name="青嵐ソフトウェア株式会社", kind=OrganizationKind.PUBLISHER, country="JP", city="福岡市",
            org_id="70331946", street="博多区博多駅前3-25-21", postal_code="812-0011", phone="+81 92 555 0119"),
)  # fmt: skip

# The customers: name | country | city | first part of the domain. The first six have people of their own below.
CUSTOMERS = tuple(
    tuple(part.strip() for part in row.split("|"))
    for row in """
Meridian Health Trust | GB | Manchester | meridian-health
Clinique Sainte-Aurélie | FR | Nantes | sainte-aurelie
みなと精密工業株式会社 | JP | 横浜市 | minato-seimitsu
Bäckerei Grünwald GmbH | DE | München | gruenwald
Ashdown & Pryce Solicitors | GB | London | ashdown-pryce
Harbourstone Ceramics | GB | Plymouth | harbourstone
Aldermoor Council | GB | Southampton | aldermoor
Blue Lantern Studios | IE | Galway | bluelantern
Calder Valley Schools | GB | Halifax | caldervalley
Cobalt Ridge Energy | GB | Aberdeen | cobaltridge
Copperfield Veterinary Group | GB | York | copperfield-vets
Dovecote Housing Association | GB | Derby | dovecote
Eastmarch Logistics | GB | Felixstowe | eastmarch
Fenwick Marine Insurance | GB | Liverpool | fenwick-marine
Foxglove Pharmacies | GB | Cardiff | foxglove
Glenmoray Distillers | GB | Elgin | glenmoray
Highfield Academy Trust | GB | Sheffield | highfield
Juniper Street Architects | GB | Edinburgh | juniperstreet
Kingsmere Football Club | GB | Leicester | kingsmere
Larkspur Films | GB | Brighton | larkspur
Mallory Aerospace Components | GB | Bristol | mallory-aero
Northgate Building Society | GB | Durham | northgate-bs
O’Rourke Civil Engineering | IE | Cork | orourke
Pellworth Museum | GB | Norwich | pellworth
Quillfeather Publishing | GB | Oxford | quillfeather
Saltmarsh Fisheries | GB | Grimsby | saltmarsh
Thistledown Care Homes | GB | Stirling | thistledown
Wrenfield Farms | GB | Hereford | wrenfield
Brûlerie des Trois Ponts | FR | Grenoble | troisponts
Éditions du Châtelet | FR | Paris | editions-chatelet
Établissements Lefèvre & Fils | FR | Dijon | lefevre-fils
Fromagerie de l’Abbaye | FR | Besançon | fromagerie-abbaye
Hôtellerie Côte d’Émeraude | FR | Saint-Malo | cote-emeraude
Laboratoires Noé | FR | Montpellier | laboratoires-noe
Mairie de Saint-Éloi-sur-Isère | FR | Saint-Éloi-sur-Isère | sainteloi
Transports Garrigue | FR | Nîmes | garrigue
Vélos Hirondelle | FR | Strasbourg | hirondelle
Université de l’Estuaire | FR | La Rochelle | univ-estuaire
Zéphyr Énergies Marines | FR | Brest | zephyr-marine
あおぞら保険サービス株式会社 | JP | 大阪市 | aozora-hoken
青葉建設株式会社 | JP | 仙台市 | aoba-kensetsu
医療法人ひまわり会 | JP | 福岡市 | himawari-kai
学校法人北斗学園 | JP | 札幌市 | hokuto
カワセミ出版 | JP | 京都市 | kawasemi
株式会社ミライ・ロジスティクス | JP | 神戸市 | mirai-logi
ｷﾀﾑﾗ精機株式会社 | JP | 長野市 | kitamura-seiki
しずく食品株式会社 | JP | 広島市 | shizuku
日の出観光株式会社 | JP | 那覇市 | hinode
Druckhaus Weißenfels | DE | Leipzig | weissenfels-druck
Elbtal Maschinenbau AG | DE | Dresden | elbtal
Kanzlei Überseering | DE | Hamburg | ueberseering
Müller & Söhne Fensterbau | DE | Ulm | mueller-soehne
Stadtwerke Königsbrück | DE | Königsbrück | sw-koenigsbrueck
Zahnärzte am Schloßpark | DE | Karlsruhe | schlosspark
Ångström Instruments | SE | Uppsala | angstrom
Fjellheim Shipping | NO | Bergen | fjellheim
Grupo Peñalosa | ES | Valencia | penalosa
Kōwhai Orchards | NZ | Nelson | kowhai
Łódź Textile Works | PL | Łódź | lodz-textile
São Brás Têxteis | PT | Porto | saobras
Van der Meulen Bloemen | NL | Leiden | vandermeulen
Weingut Höllerbach | AT | Krems | hoellerbach
""".strip().splitlines()
)

PEOPLE = (
    SamplePerson("nora.byrne@nimbus.example", "Nora Byrne", "en", "Europe/Dublin", {VENDOR: (A,)}),
    SamplePerson("oskar.lund@nimbus.example", "Oskar Lund", "en", "Europe/Stockholm", {VENDOR: (R,)}),
    SamplePerson("priya.shah@aldervale.example", "Priya Shah", "en", "Europe/London", {"aldervale": (A,)}),
    SamplePerson("tom.hale@aldervale.example", "Tom Hale", "en", "Europe/London", {"aldervale": (R,)}),
    SamplePerson("kenji.mori@tokai-dist.example", "森 健司", "ja", "Asia/Tokyo", {"tokai-dist": (A,)}),
    SamplePerson("emma.clarke@brightwater.example", "Emma Clarke", "en", "Europe/London", {MAIN: (A,)}),
    SamplePerson("daniel.okafor@brightwater.example", "Daniel Okafor", "en", "Europe/London", {MAIN: (R,)}),
    SamplePerson("sofia.reyes@brightwater.example", "Sofía Reyes", "en", "Europe/Madrid", {MAIN: (AA,)}),
    SamplePerson("liam.walsh@brightwater.example", "Liam Walsh", "en", "Europe/Dublin", {MAIN: (S, R)}),
    SamplePerson("camille.moreau@ateliers-rhone.example", "Camille Moreau", "fr", "Europe/Paris",
          {"ateliers-rhone": (A,), MAIN: (S,), "sainte-aurelie": (R,)}),
    SamplePerson("haruka.ito@sakura-cloud.example", "伊藤 遥", "ja", "Asia/Tokyo", {"sakura-cloud": (A,)}),
    SamplePerson("grace.kim@kestrel-hosting.example", "Grace Kim", "en", "America/Los_Angeles", {"kestrel-hosting": (A,)}),
    SamplePerson("astrid.ek@lindqvist-it.example", "Astrid Ek", "en", "Europe/Stockholm", {"lindqvist-it": (A,)}),
    SamplePerson("jonas.peters@hafenlicht.example", "Jonas Peters", "en", "Europe/Berlin", {"hafenlicht": (A,)}),
    SamplePerson("lucia.ortega@vega-dist.example", "Lucía Ortega", "en", "Europe/Madrid", {"vega-dist": (A,)}),
    SamplePerson("marc.ferrer@faro-soluciones.example", "Marc Ferrer", "en", "Europe/Madrid", {"faro-soluciones": (A,)}),
    SamplePerson("ines.sousa@lusonuvem.example", "Inês Sousa", "en", "Europe/Lisbon", {"lusonuvem": (A,)}),
    SamplePerson("kota.sato@hokusei.example", "佐藤 航太", "ja", "Asia/Tokyo", {"hokusei": (A,)}),
    SamplePerson("sanne.visser@polder-it.example", "Sanne Visser", "en", "Europe/Amsterdam", {"polder-it": (A, S)}),
    SamplePerson("tyler.brooks@pinecrest.example", "Tyler Brooks", "en", "America/Denver", {"pinecrest": (A,)}),
    SamplePerson("ingrid.dahl@nordlys.example", "Ingrid Dahl", "en", "Europe/Oslo", {"nordlys": (A,)}),
    SamplePerson("maya.tremblay@octavo.example", "Maya Tremblay", "fr", "America/Toronto", {"octavo": (A,)}),
    SamplePerson("noah.gagnon@octavo.example", "Noah Gagnon", "en", "America/Toronto", {"octavo": (R,)}),
    SamplePerson("clara.weiss@feldspat.example", "Clara Weiß", "en", "Europe/Berlin", {"feldspat": (A,)}),
    SamplePerson("sota.fujii@seiran.example", "藤井 颯太", "ja", "Asia/Tokyo", {"seiran": (A,)}),
    SamplePerson("helen.ward@meridian-health.example", "Helen Ward", "en", "Europe/London", {"meridian-health": (A,)}),
    SamplePerson("ian.frost@meridian-health.example", "Ian Frost", "en", "Europe/London", {"meridian-health": (R,)}),
    SamplePerson("julien.faure@sainte-aurelie.example", "Julien Fauré", "fr", "Europe/Paris", {"sainte-aurelie": (A,)}),
    SamplePerson("naoko.abe@minato-seimitsu.example", "阿部 直子", "ja", "Asia/Tokyo", {"minato-seimitsu": (A,)}),
    SamplePerson("petra.gruenwald@gruenwald.example", "Petra Grünwald", "en", "Europe/Berlin", {"gruenwald": (A,)}),
    SamplePerson("ruth.pryce@ashdown-pryce.example", "Ruth Pryce", "en", "Europe/London", {"ashdown-pryce": (A,)}),
    SamplePerson("anna.hoeller@hoellerbach.example", "Anna Höller", "en", "Europe/Vienna", {"hoellerbach": (A,)}),
    SamplePerson("owen.tate@harbourstone.example", "Owen Tate", "en", "Europe/London", {UNCONNECTED: (A,)}),
)  # fmt: skip

# Live connections of other partners. MAIN is connected with every customer but those of NOT_WITH_MAIN.
ALSO_CONNECTED = {
    "ateliers-rhone": ("sainte-aurelie", "editions-chatelet", "garrigue", "univ-estuaire", "laboratoires-noe"),
    "sakura-cloud": ("minato-seimitsu", "aozora-hoken", "hokuto", "mirai-logi"),
    "kestrel-hosting": ("cobaltridge", "fjellheim"),
    "lindqvist-it": ("angstrom",),
    "hafenlicht": ("gruenwald", "elbtal", "weissenfels-druck"),
    "faro-soluciones": ("penalosa",),
    "lusonuvem": ("vandermeulen",),
    "hokusei": ("hokuto", "shizuku", "hinode"),
    "polder-it": ("vandermeulen",),
}
GROWING = frozenset({"hafenlicht", "faro-soluciones", "lusonuvem", "hokusei"})  # partners with new customers
NEW = "nordlys"  # the partner that waits for the vendor to confirm it
SUSPENDED = "polder-it"  # the partner that the vendor has suspended
WITHOUT_ADMIN = ("kingsmere", "kawasemi", "pellworth")  # customers that nobody looks after any more
ASKING = ("hugo.marsh@brightwater.example", "Hugo Marsh")  # who asks MAIN's Admins to be let in
# Connections that have ended: partner, customer, connected and ended so many days ago, and whether by the partner.
ENDED = (
    (MAIN, "wrenfield", 520, 130, False),
    (MAIN, "saobras", 410, 45, True),
    (MAIN, "meridian-health", 900, 700, False),  # the two have connected again since
    ("kestrel-hosting", "ashdown-pryce", 640, 210, False),
)
# What some customers do not share with any partner; all others share everything.
KEPT_BACK = {
    "cobaltridge": Scope.USAGE,
    "fjellheim": Scope.ORDERS,
    "angstrom": Scope.ENTITLEMENTS | Scope.USAGE,
    "weissenfels-druck": Scope.NOTIFICATIONS | Scope.USAGE,
}
NOT_WITH_MAIN = frozenset({UNCONNECTED, "wrenfield", "saobras"})
RECENT = ("ashdown-pryce", "gruenwald")  # customers that accept MAIN's invitation while the data is written
JUST_ENDED = "hoellerbach"  # the customer that ends its connection with MAIN while the data is written

# The seats of a usual service of some customers, and the part of them that is assigned (0: invented), so that the great
# and the small stand side by side.
SIZES = {
    "meridian-health": (1850, 0.93),
    "univ-estuaire": (1240, 0.88),
    "northgate-bs": (860, 0.41),
    "eastmarch": (640, 1.02),
    "hokuto": (540, 0.9),
    "caldervalley": (480, 0.94),
    "elbtal": (390, 0.97),
    "aozora-hoken": (310, 0.86),
    "kawasemi": (6, 0.67),
    "larkspur": (8, 1),
    "troisponts": (4, 0.75),
    "kowhai": (5, 0.8),
}
# The shape of the use of some customers (see usage.py), so that today's pages have something to tell.
USAGE = {
    "meridian-health": "growing",
    "sainte-aurelie": "falling",
    "minato-seimitsu": "growing",
    "gruenwald": "gap",
    "ashdown-pryce": "new",
    "aldermoor": "flat",
    "bluelantern": "falling",
    "elbtal": "gap",
    "northgate-bs": "churning",  # it moves to somebody else's service
    "eastmarch": "merged",  # with another haulier, last summer
    "caldervalley": "seasonal",
    "highfield": "seasonal",
    "hokuto": "seasonal",
    "univ-estuaire": "seasonal",
    "hinode": "holidays",
    "cote-emeraude": "holidays",
    "kitamura-seiki": "new",
}
