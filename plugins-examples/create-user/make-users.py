#!/usr/bin/env python3
"""Makes users.csv: 1,000 invented people, with the oddities of real lists.

    python3 make-users.py > users.csv

The same bytes on every run and every version of Python 3: all chance comes from random.random() with a fixed seed,
which Python promises to keep. Standard library only. All mail addresses are in domains that RFC 2606 and RFC 6761
reserve for examples. Odd rows come first in this file, in ODD; DUPLICATES says how many nicks come twice.
"""

import csv
import random
import sys

ROWS = 1_000
DUPLICATES = 30  # rows whose nick an earlier row has: half of them repeat the whole row
SEED = 6

chance = random.Random(SEED)


def pick(items):
    """One of these. Not random.choice: its results may differ between versions."""
    return items[int(chance.random() * len(items))]


# Script: given names, family names, the order ("gf": given name first), what joins them.
SCRIPTS = {
    "Latin with diacritics": (
        "Zoë André Søren Łukasz Jürgen Åsa Ñusta Ömer Çağla Māris Đorđe Šárka Þóra Ángel Nguyễn İrem Œdipe Ștefan".split(),
        "Müller Gonçalves Sørensen Łuczak Dvořák Østergård Muñoz Yıldız Kovács Bērziņš Đokić Þórsdóttir Văcărescu".split(),
        "gf", " "),
    "Latin": (
        "Anna Peter Maria John Grace Omar Lena Tom Ruth Ivan".split(),
        "Smith Lee Brown Garcia Novak Rossi King Silva".split(), "gf", " "),
    "Cyrillic": (
        "Анна Пётр Мария Иван Ольга Юлия Фёдор Зоя Їжак Ђорђе Өлзий Ғалия".split(),
        "Иванова Кузнецов Соловьёв Шевченко Ющенко Петровић Ўрмонов Щербак".split(), "gf", " "),
    "Greek": (
        "Ἀλέξανδρος Μαρία Γιώργος Ελένη Σωκράτης Ζωή Ηρώ Άγγελος".split(),
        "Παπαδόπουλος Ωνάσης Καζαντζάκης Οικονόμου Ξενάκης".split(), "gf", " "),
    "Arabic": ("محمد فاطمة عمر ليلى يوسف زينب مُنى هدى".split(), "الحسن الشريف النجار البغدادي المصري".split(), "gf", " "),
    "Persian and Urdu": ("پروین چنگیز گلناز ژاله".split(), "نژاد گیلانی چشتی".split(), "gf", " "),
    "Hebrew": ("דוד מרים שָׂרָה יוסף נועה חנה".split(), "כהן לוי מזרחי פרץ ביטון".split(), "gf", " "),
    "Devanagari": ("हिन्दी प्रिया अर्जुन श्रेया कृष्ण लक्ष्मी".split(), "शर्मा गुप्ता त्रिपाठी मिश्र".split(), "gf", " "),
    "Bengali and Tamil": ("অনন্যা রবীন্দ্র মீனா கார்த்திக்".split(), "ঠাকুর সেন முருகன்".split(), "gf", " "),
    "Thai": ("สมชาย สุดา กิตติ น้ำฝน".split(), "ใจดี ศรีสุข ทองคำ".split(), "gf", " "),
    "Chinese": ("小明 伟 芳 秀英 建国 雪".split(), "王 李 张 刘 歐陽 司馬".split(), "fg", ""),
    "Japanese": ("さくら 太郎 ハナ 健 ゆうき".split(), "佐藤 鈴木 高橋 渡邊".split(), "fg", ""),
    "Korean": ("민준 서연 지우 하은".split(), "김 이 박 최".split(), "fg", ""),
    "Georgian": ("ნინო გიორგი თამარ ლუკა".split(), "ბერიძე კაპანაძე გელაშვილი".split(), "gf", " "),
    "Armenian": ("Անահիտ Տիգրան Նարե".split(), "Պետրոսյան Սարգսյան".split(), "gf", " "),
    "Amharic": ("ሰላም አበበ ትዕግስት".split(), "ከበደ ታደሰ".split(), "gf", " "),
}

EMOJI = ["🦊", "🎸", "🐈‍⬛", "👩🏽‍🚀", "🇬🇪", "❤️", "🏳️‍🌈", "𝔸", "🀄"]

# nick, name, mail: one oddity each.
ODD = [
    ('o\'brien', "Seán O'Brien", "o'brien@example.org"),
    ('"bob"', 'Robert "Bob" Tables', '"bob tables"@example.org'),
    ("drop", "Robert'); DROP TABLE users;--", "drop@example.org"),
    ("comma,nick", "King, Martin Luther, Jr.", "mlk@example.org"),
    ("two\nlines", "First line\nSecond line", "lines@example.org"),
    ("crlf\r\nnick", "Carriage\r\nReturn", "crlf@example.org"),
    ("tab\tnick", "Tab\tName", "tab@example.org"),
    (" leading", " Leading Space", "leading@example.org"),
    ("trailing ", "Trailing Space ", "trailing@example.org"),
    ("leading", "Without Space", "without@example.org"),
    ("%_", "Per_cent %", "percent_%@example.org"),
    ("***", "Three Stars", "stars@example.org"),
    ('*"', "Star Quote", "starquote@example.org"),
    ("--", "Dash Dash", "dash@example.org"),
    ("?", "Question Mark", "question@example.org"),
    ("AND", "AND OR NOT NEAR", "and@example.org"),
    ("nick:x", "name:y mail:z", "colon@example.org"),
    ("(^x)", "{a b} + c", "plus+tag@example.org"),
    ("back\\slash", "C:\\Users\\x", "slash@example.org"),
    ("/../x?nick=y&z#f", "Path & Query", "path@example.org"),
    ("%41", "Percent Encoded", "encoded@example.org"),
    ("caf\u00e9", "Precomposed \u00e9", "cafe1@example.org"),
    ("cafe\u0301", "Decomposed e\u0301", "cafe2@example.org"),
    ("\u1112\u1161\u11ab", "Hangul in jamo", "jamo1@example.org"),
    ("\ud55c", "Hangul in one", "jamo2@example.org"),
    ("\u212bngstr\u00f6m", "Angstrom Sign", "angstrom@example.org"),
    ("\u200fרtl\u200e", "מִ\u200fmark", "rtl@example.org"),
    ("\u202eevil\u202c", "Override \u202eabc\u202c", "override@example.org"),
    ("zero\u200bwidth", "Zero\u200dWidth\u200cJoiners", "zw@example.org"),
    ("\ufeffbom", "Byte Order Mark", "bom@example.org"),
    ("nbsp\u00a0nick", "No\u00a0Break Space", "nbsp@example.org"),
    ("Straße", "Eszett ẞ ß ss", "strasse@example.org"),
    ("STRASSE", "Eszett in capitals", "strasse2@example.org"),
    ("ıIiİ", "Turkish dots", "dots@example.org"),
    ("ΣΣς", "Final sigma Σίσυφος", "sigma@example.org"),
    ("ﬁ", "Ligature ﬁ ﬂ", "ligature@example.org"),
    ("Ａｎｎａ", "Full width Ａｎｎａ", "fullwidth@example.org"),
    ("a", "A", "a@b.example"),
    ("王", "王", "wang@example.org"),
    ("𠮷野", "𠮷野家 (beyond the BMP)", "yoshino@example.org"),
    ("١٢٣", "Arabic digits ١٢٣", "digits@example.org"),
    ("0", "Zero", "0@example.org"),
    ("null", "null", "null@example.org"),
    ("undefined", "NaN", "undefined@example.org"),
    ("true", "1e9", "true@example.org"),
    ("=1+1", "=HYPERLINK(1)", "formula@example.org"),
    ("z̷̡̛a̴̢̕l̶g̸o̵", "Z̷a̴l̶g̸o̵", "zalgo@example.org"),
    ("noname", "", "noname@example.org"),
    ("nomail", "No Mail", ""),
    ("почта", "Почта Рассылкина", "почта@пример.example"),
    ("long-" + "x" * 95, "Long " + "Name " * 30 + "End", "l" * 64 + "@" + "d" * 60 + ".example"),
    ("👨‍👩‍👧‍👦", "Family of emoji 👨‍👩‍👧‍👦", "family@example.org"),
    ("🦊", "Fox", "fox@example.org"),
    ("🦊🦊", "Two Foxes", "foxes@example.org"),
    ("⁇", "Double question", "double@example.org"),
    ("\u0301", "A lonely accent", "accent@example.org"),
    ("½", "One half", "half@example.org"),
    ("x\u2028y", "Line\u2028Separator", "separator@example.org"),
    ("<b>bold</b>", "<script>alert(1)</script>", "html@example.org"),
    ("${HOME}", "$(whoami) `id`", "shell@example.org"),
]


def invented(number):
    """One ordinary person of some script."""
    given, family, order, joint = SCRIPTS[pick(list(SCRIPTS))]
    first, last = pick(given), pick(family)
    name = joint.join([first, last] if order == "gf" else [last, first])
    nick = pick([
        f"{first}{number}",
        f"{first}_{last}.{number}",
        f"{first}-{number}{pick(EMOJI)}",
        f"{pick(EMOJI)}{number}",
        f"user{number}",
        f"{last} {first} {number}",
    ])
    mail = f"{pick(['u', 'mail', 'post', 'me+list', 'first.last'])}{number}@{pick(['example.org', 'example.com', 'mail.example'])}"
    return nick, name, mail


rows = list(ODD)
while len(rows) < ROWS - DUPLICATES:
    rows.append(invented(len(rows)))
for number in range(DUPLICATES):
    nick, name, mail = rows[int(chance.random() * len(rows))]
    rows.append((nick, name, mail) if number % 2 else (nick, name + " II", "again." + mail))
# Odd rows and duplicates spread over the file (Fisher-Yates; not random.shuffle, for the reason given at pick).
for here in range(len(rows) - 1, 0, -1):
    there = int(chance.random() * (here + 1))
    rows[here], rows[there] = rows[there], rows[here]

sys.stdout.reconfigure(encoding="utf-8", newline="")
writer = csv.writer(sys.stdout, lineterminator="\n")
writer.writerow(["nick", "name", "mail"])
writer.writerows(rows)
