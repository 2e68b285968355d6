"""What the publishers of the sample data sell: the texts of their offers, as a product writer would put them.

Each text is a name, a summary and a description in Markdown. A language that is missing falls back to another.
"""

Text = tuple[str, str, str]

LISTINGS: dict[str, dict[str, Text]] = {
    "octavo-insight": {
        "en": (
            "Octavo Insight",
            "Dashboards for every team, from the data that you already have.",
            """Octavo Insight connects to the systems in which your company keeps its numbers and turns them into
dashboards that people read without training.

## What you get

- **Connectors** for 140 databases, spreadsheets and business applications, set up in minutes
- **Shared definitions**: revenue, churn or stock mean the same on every page
- **Row-level access**, so that each region sees its own figures and nothing else
- Alerts by mail when a number leaves its usual range

## Getting started

Your partner creates the workspace and invites the first administrator. Most customers publish their first dashboard on
the same day. Data stays in the region that you choose: Canada, Europe or Japan.""",
        ),
        "fr": (
            "Octavo Insight",
            "Des tableaux de bord pour chaque équipe, à partir des données dont vous disposez déjà.",
            """Octavo Insight se connecte aux systèmes où votre entreprise conserve ses chiffres et en fait des tableaux de
bord que chacun lit sans formation.

## Ce que vous obtenez

- Des **connecteurs** pour 140 bases de données, tableurs et applications de gestion, configurés en quelques minutes
- Des **définitions partagées** : le chiffre d’affaires, l’attrition ou le stock ont le même sens sur chaque page
- Un **accès ligne par ligne** : chaque région voit ses propres chiffres, et rien d’autre
- Des alertes par e-mail dès qu’un indicateur sort de sa plage habituelle

## Pour commencer

Votre partenaire crée l’espace de travail et invite le premier administrateur. La plupart des clients publient leur premier
tableau de bord le jour même. Les données restent dans la région que vous choisissez : Canada, Europe ou Japon.""",
        ),
        "ja": (
            "Octavo Insight",
            "すでにお持ちのデータから、すべてのチームに見やすいダッシュボードを。",
            """Octavo Insightは、社内に散らばる数値を一か所につなぎ、研修なしで誰でも読めるダッシュボードに変えます。

## 主な機能

- **コネクタ**：データベース、表計算、業務アプリケーションなど140種類に対応し、数分で接続できます
- **共通の定義**：売上、解約率、在庫といった指標が、どの画面でも同じ意味になります
- **行レベルのアクセス制御**：各拠点には、その拠点の数値だけが表示されます
- 数値が通常の範囲を外れたときのメール通知

## はじめかた

担当パートナーがワークスペースを作成し、最初の管理者を招待します。多くのお客様が、その日のうちに最初のダッシュボードを公開しています。\
データの保管先は、カナダ、欧州、日本から選べます。""",
        ),
    },
    "octavo-forecast": {
        "en": (
            "Octavo Forecast",
            "Demand forecasts by product and site, with the reasons behind each number.",
            """Octavo Forecast reads two years of orders and tells purchasing what will sell, where and when.

- Forecasts by day, week and month for up to 20,000 products
- Every forecast **explains itself**: season, price, weather, promotion
- Planners correct a number, and the model learns from it

One flat rate for each company, however many people work with it.""",
        ),
        "fr": (
            "Octavo Forecast",
            "Des prévisions de la demande par produit et par site, avec les raisons de chaque chiffre.",
            """Octavo Forecast lit deux années de commandes et indique aux achats ce qui se vendra, où et quand.

- Prévisions par jour, semaine et mois pour 20 000 produits au plus
- Chaque prévision **s’explique** : saison, prix, météo, promotion
- Les planificateurs corrigent un chiffre, et le modèle en tient compte

Un forfait unique par entreprise, quel que soit le nombre d’utilisateurs.""",
        ),
    },
    "octavo-ledger": {
        "en": (
            "Octavo Ledger for Business Central",
            "Consolidated accounts across companies and currencies, inside Dynamics 365 Business Central.",
            """Close the month in days instead of weeks. Octavo Ledger eliminates intercompany postings, translates currencies
and keeps a trail that auditors can follow.

*This listing is still being written; translations follow.*""",
        ),
    },
    "octavo-landing-zone": {
        "en": (
            "Octavo Landing Zone",
            "A governed data platform in your own subscription, deployed from one template.",
            """The template creates storage, catalogue, pipelines and access groups the way Octavo's consultants would, in about
forty minutes. What is deployed belongs to you.

1. Choose a region and a name
2. Review the estimated cost
3. Deploy, and hand the runbook to your operators""",
        ),
    },
    "feldspat-schutzwall": {
        "en": (
            "Feldspat Schutzwall",
            "A firewall appliance for hybrid networks, hardened and certified in Germany.",
            """Feldspat Schutzwall inspects traffic between sites, clouds and home offices, and documents every decision.

- Throughput of up to 20 Gbit/s on one virtual machine
- Rules as code, with review and rollback
- Bring your own licence, or pay by the month

### Für Kundinnen und Kunden in Deutschland

Die Datenschutz-Grundverordnungskonformität wird durch regelmäßige Sicherheitsüberprüfungen nachgewiesen. Alle
Konfigurationsänderungsprotokolle bleiben revisionssicher gespeichert; die Auftragsverarbeitungsvereinbarung liegt dem
Angebot bei. Unsere Rufbereitschaft erreichen Sie rund um die Uhr, auch an Sonn- und Feiertagen.""",
        ),
        "fr": (
            "Feldspat Schutzwall",
            "Un pare-feu pour réseaux hybrides, durci et certifié en Allemagne.",
            """Feldspat Schutzwall inspecte le trafic entre les sites, les clouds et le télétravail, et documente chaque décision.

- Jusqu’à 20 Gbit/s sur une seule machine virtuelle
- Des règles sous forme de code, avec relecture et retour arrière
- Avec votre propre licence, ou au mois""",
        ),
        "ja": (
            "Feldspat Schutzwall",
            "ハイブリッドネットワーク向けファイアウォールアプライアンス。ドイツで認証取得済み。",
            """Feldspat Schutzwallは、拠点、クラウド、在宅勤務の間の通信を検査し、すべての判定を記録に残します。

- 仮想マシン1台で最大20 Gbit/s
- ルールをコードとして管理し、レビューと巻き戻しが可能
- ライセンスの持ち込み、または月額払いを選べます""",
        ),
    },
    "feldspat-tresor": {
        "en": (
            "Feldspat Tresor",
            "Backups that nobody can change, run for you in your own tenant.",
            """Feldspat operates the backup, you keep the keys. Copies are immutable for as long as your retention says, and a
restore is rehearsed every quarter with a written report.

- Recovery point of 15 minutes, recovery time of two hours
- Ransomware clean room for restores
- A monthly report that your auditor accepts""",
        ),
        "fr": (
            "Feldspat Tresor",
            "Des sauvegardes que personne ne peut modifier, exploitées pour vous dans votre propre tenant.",
            """Feldspat exploite la sauvegarde, vous gardez les clés. Les copies restent immuables pendant toute la durée de
conservation, et une restauration est répétée chaque trimestre, avec un rapport écrit.""",
        ),
    },
    "feldspat-scanner": {
        "en": (
            "Feldspat Schwachstellenscanner",
            "A container that finds known vulnerabilities in images before they run.",
            """Put it in front of your registry, or run it in the pipeline. Findings come with the line of the manifest that
brings them in, and with the version that repairs them.""",
        ),
    },
    "feldspat-ausweis": {
        "en": (
            "Feldspat Zugriffsberechtigungsverwaltung",
            "Who has which rights, since when and why: reviewed each quarter, without spreadsheets.",
            """Managers confirm or withdraw the rights of their people in one list. Rights that nobody confirms end by
themselves, and every decision is kept for the audit.

### Hinweis zur Einführung

Die Berechtigungsrezertifizierungskampagne wird gemeinsam mit Ihrer Informationssicherheitsbeauftragten vorbereitet;
rechnen Sie mit etwa vier Wochen bis zur ersten Überprüfungsrunde.""",
        ),
    },
    "seiran-shift": {
        "ja": (
            "青嵐シフト 勤怠管理クラウド",
            "シフト作成から打刻、残業管理、給与連携まで。多店舗の現場で選ばれている勤怠管理サービスです。",
            """青嵐シフトは、店舗や工場など、勤務時間が日ごとに変わる現場のために作られた勤怠管理サービスです。店長はスマートフォンから希望を集め、\
必要な人数と資格をもとに、数分でシフト案を作成できます。

## 選ばれる理由

- **法令対応**：時間外労働の上限、勤務間インターバル、年次有給休暇の取得義務を自動で確認し、違反の恐れがあれば作成時にお知らせします
- **打刻の選択肢**：ICカード、スマートフォン、生体認証に対応。通信が途切れても打刻は失われません
- **給与連携**：主要な給与計算ソフト12種類と連携し、締め日の作業を一日から一時間に短縮します
- **多店舗の応援**：近隣店舗への応援勤務も、人件費を正しく按分して集計します

## 導入の流れ

1. 就業規則をもとに、担当パートナーが勤務区分を設定します
2. 一店舗で一か月試用し、打刻と集計を確認します
3. 全店舗へ展開します。従業員データは一覧表から一括で取り込めます

サポート窓口は年中無休、午前七時から午後十時まで日本語で対応します。""",
        ),
        "en": (
            "Seiran Shift",
            "Rosters, time recording and overtime for companies with many sites.",
            """Seiran Shift collects wishes by phone, proposes a roster that keeps to the law, and hands the hours to payroll.
Support is in Japanese, from 7 a.m. to 10 p.m. on every day of the year.""",
        ),
    },
    "seiran-mirror": {
        "ja": (
            "青嵐ミラー 遠隔地複製アプライアンス",
            "本番データベースを遠隔地へ遅延なく複製し、災害時も業務を止めません。",
            """主要なデータベースの更新を検知し、遠隔地の仮想マシンへ数秒以内に反映します。切り替え訓練は画面の手順に沿って進めるだけで、\
結果は監査用の報告書として出力されます。""",
        ),
        "en": (
            "Seiran Mirror",
            "Replicates production databases to another region within seconds.",
            "Seiran Mirror follows the changes of a database and applies them far away. Rehearsing a failover takes a click.",
        ),
    },
    "seiran-books": {
        "ja": (
            "青嵐帳簿 for Business Central",
            "適格請求書と電子帳簿保存法に対応する、Dynamics 365 Business Centralの日本向け拡張機能。",
            """適格請求書の発行と保存、消費税の税区分、全銀形式の振込データなど、日本の経理に必要な機能を追加します。\
導入は担当パートナーが行い、標準機能の更新と競合しないことを毎月確認しています。""",
        ),
        "en": (
            "Seiran Books for Business Central",
            "What accounting in Japan needs: qualified invoices, consumption tax and bank transfer files.",
            "Adds Japanese invoices, tax codes and payment files to Business Central, and is tested with each update of it.",
        ),
        "fr": (
            "Seiran Books pour Business Central",
            "Ce qu’exige la comptabilité au Japon : factures qualifiées, taxe à la consommation et fichiers de virement.",
            """Ajoute à Business Central les factures japonaises, les codes de taxe et les fichiers de paiement ; chaque mise à
jour est vérifiée avant sa parution.""",
        ),
    },
    "seiran-desk": {
        "ja": (
            "青嵐デスク 社内問い合わせ窓口",
            "総務、人事、情報システムへの問い合わせをひとつの窓口にまとめます。",
            "メール、チャット、電話で届く社内の問い合わせを一か所で受け付け、回答の下書きを過去の記録から提案します。",
        ),
        "en": (
            "Seiran Desk",
            "One desk for questions to HR, IT and facilities.",
            "Collects questions from mail, chat and phone, and proposes answers from earlier ones.",
        ),
    },
}
UPDATED_SUMMARY = "Dashboards and alerts for every team, from the data that you already have."  # of a draft
