"""Sentences that the documents of the corpus are made of: plain prose of an office, in eight languages and five scripts."""

import random

SENTENCES = {
    "en": [
        "The quarterly report was sent to the regional offices on Monday morning.",
        "Our customers asked whether the spare parts could be delivered before winter.",
        "Nobody remembered who had signed the lease of the old warehouse.",
        "A technician replaced both pumps and checked the pressure twice.",
        "The committee meets again in the small room behind the library.",
        "Please keep the receipts, because the auditors want to see the originals.",
        "It rained all week, so the roof of the workshop has to be repaired first.",
        "Twelve apprentices started their training in the new laboratory.",
        "The price list is valid until the end of the calendar year.",
        "We don't know yet how many visitors will come to the harbour festival.",
    ],
    "de": [
        "Der Geschäftsführer überprüfte gestern sämtliche Verträge mit den Zulieferern.",
        "Für größere Änderungen benötigen wir eine schriftliche Genehmigung der Behörde.",
        "Die Straßenbahn fährt wegen Bauarbeiten nur bis zur Brücke.",
        "Im Kühlraum lagern zwölf Kisten mit Äpfeln und süßen Trauben.",
        "Bitte schließen Sie die Türen, damit die Wärme nicht entweicht.",
        "Der Jahresabschluss enthält alle Erträge und außerordentlichen Aufwendungen.",
        "Mehrere Schüler übten fleißig für die mündliche Prüfung.",
        "Ölwechsel und Überprüfung der Bremsen dauern ungefähr zwei Stunden.",
        "Die Gemeinde verkauft das Grundstück an eine Genossenschaft.",
        "Niemand wusste, weshalb das Gerät plötzlich ausgefallen war.",
    ],
    "fr": [
        "Le comité a étudié la demande déposée par l'association du quartier.",
        "Après l'été, nous rénoverons les bureaux situés près de la gare.",
        "Une élève a trouvé la clé derrière le vieux radiateur.",
        "Les bénéfices ont augmenté grâce à la baisse du coût des matières premières.",
        "Cette œuvre appartient au musée depuis plus de quarante années.",
        "Où faut-il envoyer les pièces détachées commandées à Noël ?",
        "Le maçon a réparé le mur fissuré avant la première gelée.",
        "Nos collègues préfèrent travailler à côté de la fenêtre.",
        "La réunion aura lieu dès que le rapport définitif sera prêt.",
        "Un pêcheur âgé connaît chaque île de la côte bretonne.",
    ],
    "pl": [
        "Księgowa sprawdziła wszystkie faktury przed końcem miesiąca.",
        "Źródło zasilania należy odłączyć przed rozpoczęciem naprawy.",
        "Żaden z pracowników nie zgłosił błędów w zamówieniu.",
        "Spółka otworzyła drugą siedzibę w północnej części miasta.",
        "Dziękujemy za szybką odpowiedź na nasze zapytanie ofertowe.",
        "Wieczorem młodzież ćwiczyła piosenki na święto plonów.",
        "Łódź przypłynęła do przystani późną nocą.",
        "Proszę przesłać świadectwo jakości razem z częściami.",
        "Kierownik budowy zażądał dodatkowych pomiarów gruntu.",
        "Ścieżka prowadzi przez gęsty las aż do jeziora.",
    ],
    "ru": [
        "Бухгалтер проверил счета и отправил отчёт в главное управление.",
        "Новый склад построят рядом с железной дорогой до конца года.",
        "Инженеры объяснили, почему двигатель остановился без предупреждения.",
        "Каждый посетитель получает брошюру и подробный план здания.",
        "Щётки и фильтры следует заменять не реже двух раз в год.",
        "Вечером ученики читали вслух рассказы о далёких путешествиях.",
        "Договор подписан обеими сторонами и вступает в силу сегодня.",
        "Мы ещё не знаем, сколько электричества потребуется цеху.",
        "Юрист просит сохранить все письма, относящиеся к этому делу.",
        "Холодный ветер принёс снег раньше, чем ожидали метеорологи.",
    ],
    "el": [
        "Ο λογιστής έλεγξε όλα τα τιμολόγια πριν από το τέλος του μήνα.",
        "Η καινούργια αποθήκη βρίσκεται κοντά στο λιμάνι της πόλης.",
        "Οι τεχνικοί άλλαξαν δύο αντλίες και μέτρησαν ξανά την πίεση.",
        "Κανείς δεν θυμόταν ποιος είχε υπογράψει το παλιό συμβόλαιο.",
        "Παρακαλούμε φυλάξτε τις αποδείξεις για τον ετήσιο έλεγχο.",
        "Το συμβούλιο συνεδριάζει κάθε Τρίτη στη μεγάλη αίθουσα.",
        "Η βροχή συνεχίστηκε όλη την εβδομάδα και η στέγη χρειάζεται επισκευή.",
        "Δώδεκα μαθητευόμενοι ξεκίνησαν εργασία στο εργαστήριο.",
        "Ο κατάλογος τιμών ισχύει ως τον ερχόμενο χειμώνα.",
        "Το ποτάμι ξεχείλισε και έκλεισε ο δρόμος προς το χωριό.",
    ],
    "ja": [
        "新しい倉庫は駅の北側に建設される予定です。",
        "会議の資料は金曜日までに全員へ配布してください。",
        "技術者が二台のポンプを交換し、圧力を確認しました。",
        "お客様から部品の納期について問い合わせがありました。",
        "契約書の原本は経理部の金庫に保管しています。",
        "台風のため、工場の操業を一時停止しました。",
        "見習い社員は研究室で三か月の研修を受けます。",
        "価格表は今年の末まで有効です。",
        "古い橋の修理には多くの時間と費用がかかります。",
        "図書館の裏の小さな部屋で委員会を開きます。",
    ],
    "ar": [
        "أرسل المدير التقرير السنوي إلى جميع الفروع صباح الاثنين.",
        "سأل الزبائن عن موعد وصول قطع الغيار قبل الشتاء.",
        "استبدل الفني المضختين وفحص الضغط مرتين.",
        "تجتمع اللجنة في الغرفة الصغيرة خلف المكتبة.",
        "يرجى الاحتفاظ بالإيصالات لأن المدقق يريد رؤية الأصول.",
        "هطل المطر طوال الأسبوع ولذلك يجب إصلاح السقف أولا.",
        "بدأ اثنا عشر متدربا عملهم في المختبر الجديد.",
        "تبقى قائمة الأسعار صالحة حتى نهاية السنة.",
        "لا نعرف بعد عدد زوار مهرجان الميناء.",
        "وقع الطرفان على العقد بعد نقاش طويل.",
    ],
}
LANGUAGES = list(SENTENCES)
RIGHT_TO_LEFT = {"ar"}


class Writer:
    """Says things in one language, each with a number that occurs once, so that what is missing can be told from what was repeated."""

    def __init__(self, language, seed):
        self.language = language
        self.random = random.Random(f"{language} {seed}")

    def number(self):
        """Five figures, no zero in front."""
        return str(self.random.randint(10_000, 99_999))

    def sentence(self):
        """A sentence with its number in front."""
        return f"{self.number()} {self.random.choice(SENTENCES[self.language])}"

    def phrase(self):
        """A few words: the beginning of a sentence."""
        sentence = self.random.choice(SENTENCES[self.language]).rstrip(".。?؟ ")
        part = sentence[:8] if self.language == "ja" else " ".join(sentence.split()[:3])
        return f"{part.rstrip(',、')} {self.number()}"

    def paragraph(self, sentences=4):
        """Several sentences."""
        return " ".join(self.sentence() for _ in range(sentences))
