"""Meanings of language model labels: ISO 639 codes and scripts.

Labels are `__label__` and a code, with or without a script: `zh` (lid.176), `zho_Hans` (OpenLID, NLLB), `cmn_Hani`
(GlotLID). Short codes follow BCP 47: ISO 639-1 if the language has such a code, else ISO 639-3. Source of the codes:
ISO 639-1:2002 with the deprecated `sh`. The mapping below is ours.
"""

import re
from typing import NamedTuple

PREFIX = "__label__"
LABEL = re.compile(r"([a-z]{2,3})(?:[_-]([A-Z][a-z]{3}))?")

ISO_639_3 = dict(
    pair.split(":")
    for pair in (
        "aa:aar ab:abk ae:ave af:afr ak:aka am:amh an:arg ar:ara as:asm av:ava ay:aym az:aze ba:bak be:bel bg:bul "
        "bi:bis bm:bam bn:ben bo:bod br:bre bs:bos ca:cat ce:che ch:cha co:cos cr:cre cs:ces cu:chu cv:chv cy:cym "
        "da:dan de:deu dv:div dz:dzo ee:ewe el:ell en:eng eo:epo es:spa et:est eu:eus fa:fas ff:ful fi:fin fj:fij "
        "fo:fao fr:fra fy:fry ga:gle gd:gla gl:glg gn:grn gu:guj gv:glv ha:hau he:heb hi:hin ho:hmo hr:hrv ht:hat "
        "hu:hun hy:hye hz:her ia:ina id:ind ie:ile ig:ibo ii:iii ik:ipk io:ido is:isl it:ita iu:iku ja:jpn jv:jav "
        "ka:kat kg:kon ki:kik kj:kua kk:kaz kl:kal km:khm kn:kan ko:kor kr:kau ks:kas ku:kur kv:kom kw:cor ky:kir "
        "la:lat lb:ltz lg:lug li:lim ln:lin lo:lao lt:lit lu:lub lv:lav mg:mlg mh:mah mi:mri mk:mkd ml:mal mn:mon "
        "mr:mar ms:msa mt:mlt my:mya na:nau nb:nob nd:nde ne:nep ng:ndo nl:nld nn:nno no:nor nr:nbl nv:nav ny:nya "
        "oc:oci oj:oji om:orm or:ori os:oss pa:pan pi:pli pl:pol ps:pus pt:por qu:que rm:roh rn:run ro:ron ru:rus "
        "rw:kin sa:san sc:srd sd:snd se:sme sg:sag sh:hbs si:sin sk:slk sl:slv sm:smo sn:sna so:som sq:sqi sr:srp "
        "ss:ssw st:sot su:sun sv:swe sw:swa ta:tam te:tel tg:tgk th:tha ti:tir tk:tuk tl:tgl tn:tsn to:ton tr:tur "
        "ts:tso tt:tat tw:twi ty:tah ug:uig uk:ukr ur:urd uz:uzb ve:ven vi:vie vo:vol wa:wln wo:wol xh:xho yi:yid "
        "yo:yor za:zha zh:zho zu:zul"
    ).split()
)
"""ISO 639-1 to ISO 639-3, 184 codes."""

ISO_639_1 = {long: short for short, long in ISO_639_3.items()}

STANDARD_MEMBERS = dict(
    pair.split(":")
    for pair in (
        "cmn:zh arb:ar pes:fa zsm:ms zlm:ms lvs:lv ekk:et swh:sw uzn:uz azj:az khk:mn npi:ne ory:or plt:mg gug:gn "
        "ayr:ay ydd:yi pbt:ps pbu:ps knc:kr gaz:om kpv:kv ike:iu kmr:ku als:sq fat:ak"
    ).split()
)
"""Members of a macrolanguage whose written standard is what its two-letter code means on the web. Models that know the
macrolanguage and models that know its members thus get the same code. Other members keep their own codes: yue lzh wuu
nan hak gan hsn besides zh, arz ary apc besides ar, prs besides fa, azb besides az, ckb sdh besides ku, ltg besides lv,
swc besides sw, aln besides sq, koi besides kv. Macrolanguages without a single standard are not included: Quechua,
Fulah, Cree, Ojibwe, Sardinian, Zhuang, Kongo. hr bs sr remain separate, as do nb nn besides no, and id besides ms."""

OLD_CODES = {"iw": "he", "in": "id", "ji": "yi", "mo": "ro", "bh": "bih"}
"""Withdrawn codes. `bh` is the group of Bihari languages, which only has an ISO 639-2 code."""

WIKIPEDIA_CODES = {"als": "gsw"}
"""Labels without script whose meaning differs from ISO 639: lid.176 was trained on Wikipedia, where als is Alemannic.
With a script, als_Latn, it is Tosk Albanian."""

NOT_LANGUAGES = frozenset({"und", "zxx", "mul", "mis"})
"""Undetermined, no linguistic content (GlotLID's label for garbled text), multiple, uncoded."""


class Label(NamedTuple):
    """Short code (BCP 47), ISO 639-3 code, and ISO 15924 script or None."""

    code: str
    iso639_3: str
    script: str | None


def parse_label(label: str) -> Label | None:
    """Returns the meaning of a label; None if it is not a language code.

    Two letters must be an ISO 639-1 code. Three letters are accepted as ISO 639-3, whose 8,000 codes are not listed.

    >>> parse_label("__label__cmn_Hani"), parse_label("__label__zho_Hant"), parse_label("__label__hq")
    (Label(code='zh', iso639_3='zho', script='Hani'), Label(code='zh', iso639_3='zho', script='Hant'), None)
    """
    match = LABEL.fullmatch(label.removeprefix(PREFIX))
    if match is None:
        return None
    code, script = match.groups()
    if script is None:
        code = WIKIPEDIA_CODES.get(code, code)
    code = OLD_CODES.get(code, code)
    code = STANDARD_MEMBERS.get(code) or ISO_639_1.get(code, code)
    if len(code) == 2 and code not in ISO_639_3:
        return None
    return Label(code, ISO_639_3.get(code, code), script)
