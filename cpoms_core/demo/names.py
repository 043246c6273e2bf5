"""Names for the people of Hillside, chosen to be hard: letters with marks, apostrophes, hyphens, double
surnames, words that are names (May, Mark, Rose, Will), families from many places. None is a real person's."""

from __future__ import annotations

from dataclasses import dataclass

# Names that are everyday words too, which is what makes hiding names in free text hard.
WORD_FORENAMES_F = ("May", "Rose", "Grace", "Hope", "Summer", "Joy", "Faith", "Poppy", "Daisy", "April")
WORD_FORENAMES_M = ("Mark", "Will", "Rich", "Dean", "Chase", "Grant", "Miles", "Frank", "Art", "Guy")
WORD_SURNAMES = ("May", "Rose", "Will", "Long", "Young", "Little", "Friend", "Love", "Day", "Marks", "Price")


@dataclass(frozen=True, slots=True)
class Background:
    """Where a family's names come from, with what goes with it in a school's records."""

    share: int  # of the school's families, in percent
    ethnicity: str  # as SIMS displays it
    religions: tuple[str, ...]
    languages: tuple[str, ...]
    girls: tuple[str, ...]
    boys: tuple[str, ...]
    surnames: tuple[str, ...]
    own_script: tuple[tuple[str, str], ...] = ()  # forename in Latin letters -> as the family writes it


BACKGROUNDS = (
    Background(
        58,
        "White, British",
        ("Christian", "No Religion", "No Religion", "Christian", "Not stated"),
        ("English",),
        (
            *("Zoë", "Chloe", "Isla", "Freya", "Imogen", "Siân", "Nia", "Renée", "Ella-Mae", "Lily-Rose"),
            *(
                "Harriet",
                "Maisie",
                "Beatrix",
                "Anaïs",
                "Phoebe",
                "Tilly",
                "Esmé",
                "Bronwen",
                "Matilda",
                "Willow",
            ),
            *WORD_FORENAMES_F,
        ),
        (
            *("Oliver", "Noah", "Alfie", "Rhys", "Llŷr", "Callum", "Tobias", "Jack", "Ethan", "Zachary"),
            *("Harry", "Leo", "Finley", "Archie", "Tommy-Lee", "Rupert", "Angus", "Dylan", "Kit", "Reuben"),
            *WORD_FORENAMES_M,
        ),
        (
            *(
                "Ashworth",
                "Barlow",
                "Cartwright",
                "Dunmore",
                "Ellison",
                "Fairclough",
                "Greenhalgh",
                "Hargreaves",
            ),
            *(
                "Ingham",
                "Jessop",
                "Kershaw",
                "Lathom",
                "Mawdsley",
                "Norbury",
                "Ormerod",
                "Pendlebury",
                "Quayle",
            ),
            *(
                "Rawsthorne",
                "Sedgwick",
                "Thistlethwaite",
                "Unsworth",
                "Verity",
                "Whittle",
                "Yarwood",
                "Smith",
            ),
            *("Jones", "MacDonald", "McAllister", "Brontë", "St John", "Featherstonehaugh", "Ap Rhys"),
            *WORD_SURNAMES,
        ),
    ),
    Background(
        3,
        "White - Irish",
        ("Roman Catholic", "No Religion"),
        ("English", "Irish"),
        ("Aoife", "Niamh", "Róisín", "Sinéad", "Caoimhe", "Gráinne"),
        ("Oisín", "Seán", "Cillian", "Pádraig", "Diarmuid", "Fionn"),
        ("O'Neill", "O’Brien", "Ní Bhriain", "Mac Giolla Phádraig", "D'Arcy", "Ó Súilleabháin", "Fitzgerald"),
    ),
    Background(
        8,
        "Any other White background",
        ("Roman Catholic", "No Religion", "Orthodox Christian", "Jewish"),
        ("Polish", "Romanian", "Ukrainian", "Lithuanian", "Spanish", "Turkish"),
        ("Zuzanna", "Małgorzata", "Ștefania", "Yuliia", "Rūta", "Lucía", "Ayşe", "Šárka", "Miriam"),
        ("Łukasz", "Wojciech", "Ștefan", "Dmytro", "Žygimantas", "Íñigo", "Çağrı", "Jiří", "Ezra"),
        (
            *("Wiśniewska-Nowak", "Łukasiewicz", "Żółkiewski", "Țepeș", "Kovalenko", "Kazlauskaitė", "Levy"),
            *(
                "García López",
                "de la Cruz Ibáñez",
                "Şahin",
                "Yıldız",
                "Dvořák",
                "van der Meer",
                "Müller-Lüdenscheidt",
            ),
        ),
        (("Yuliia", "Юлія"), ("Dmytro", "Дмитро")),
    ),
    Background(
        9,
        "Asian or Asian British - Pakistani",
        ("Muslim",),
        ("Urdu", "Panjabi", "English"),
        ("Aisha", "Zainab", "Noor-ul-Ain", "Hafsa", "Mahnoor", "Sumaiya"),
        ("Muhammad", "Mohammed", "Hamza", "Abdul Rehman", "Bilal", "Zakariya"),
        ("Khan", "Hussain", "Mahmood", "Akhtar", "ul-Haq", "Mirza", "Begum"),
        (("Zainab", "زینب"),),
    ),
    Background(
        6,
        "Indian",
        ("Hindu", "Sikh", "Christian"),
        ("Gujarati", "Panjabi", "Malayalam", "English"),
        ("Ananya", "Simran", "Priya", "Gurleen", "Ishani"),
        ("Arjun", "Harpreet", "Vihaan", "Jaspreet", "Rohan"),
        ("Patel", "Singh", "Kaur", "D'Souza", "Venkataraman", "Iyer", "Chaudhary"),
    ),
    Background(
        3,
        "Bangladeshi",
        ("Muslim",),
        ("Bengali", "Sylheti"),
        ("Nusrat", "Tahmina", "Maliha"),
        ("Tanvir", "Rafi", "Shahriar"),
        ("Rahman", "Miah", "Uddin", "Chowdhury", "Begum"),
    ),
    Background(
        5,
        "Black - African",
        ("Christian", "Muslim"),
        ("Yoruba", "Somali", "French", "English", "Tigrinya"),
        ("Adéọlá", "Chidinma", "Amina", "Aminata", "Faduma", "Selam"),
        ("Olúwaṣeun", "Chukwuemeka", "Abdirahman", "Kofi", "Mamadou", "Yonas"),
        ("Adébáyọ̀", "Okonkwo-Eze", "N'Diaye", "Hassan Ali", "Mensah", "Tesfaye", "Abdi"),
    ),
    Background(
        2,
        "Black Caribbean",
        ("Christian", "No Religion"),
        ("English",),
        ("Shanice", "Tiana", "Renae", "Ebony"),
        ("Jermaine", "Tyrell", "Marlon", "Dwayne"),
        ("Campbell", "Grant", "Brathwaite", "Clarke-Reid", "Joseph"),
    ),
    Background(
        3,
        "Mixed - White and Black Caribbean",
        ("Christian", "No Religion"),
        ("English",),
        ("Jada", "Amelia", "Skye"),
        ("Kai", "Jayden", "Theo"),
        ("Bailey", "Francis-Hughes", "Walters", "Morgan", "Blake"),
    ),
    Background(
        2,
        "Chinese",
        ("No Religion", "Buddhist"),
        ("Cantonese", "Mandarin", "English"),
        ("Wing Yan", "Xiǎo", "Mei", "Li"),
        ("Ka Ho", "Jun", "Wei", "Bo"),
        ("Li", "Ng", "Wong", "Ou-Yang", "Lü", "Xu"),
        (("Mei", "美"), ("Wei", "伟")),
    ),
    Background(
        1,
        "Any other Asian background",
        ("Buddhist", "No Religion", "Roman Catholic"),
        ("Vietnamese", "Tagalog", "Japanese", "Pashto"),
        ("Thị Ánh", "Ngọc", "Hikari", "Parwana"),
        ("Đức", "Quốc Bảo", "Haruki", "Jose Maria"),
        ("Nguyễn", "Trần", "Itō", "dela Peña", "Ahmadzai"),
    ),
)
STREETS = (
    "Mill Lane",
    "Station Road",
    "The Crescent",
    "St Mary's Close",
    "Orchard Way",
    "Bishop’s Walk",
    "High Street",
)
TOWNS = ("Hillside", "Hillside", "Hillside", "Lower Hillside", "Brookfold", "Ashby-under-Edge")
TITLES_F = ("Mrs", "Miss", "Ms", "Dr")
TITLES_M = ("Mr", "Mr", "Mr", "Dr", "Rev")
