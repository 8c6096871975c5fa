//! The words of made-up orgs: people, companies, and support stories whose parts belong together.

use fastrand::Rng;

pub(super) const FIRST_NAMES: [&str; 32] = [
    "Ada", "Amara", "Anders", "Aiko", "Benoît", "Carla", "Chloé", "Dmitri", "Elena", "Farid", "Grace", "Hanna", "Ivo", "Jamal", "Jürgen",
    "Kavya", "Lena", "Luca", "Mei", "Miguel", "Nadia", "Noah", "Olga", "Priya", "Rosa", "Samuel", "Søren", "Tara", "Tomáš", "Uma", "Wei",
    "Zoë",
];

pub(super) const LAST_NAMES: [&str; 32] = [
    "Abebe",
    "Andersson",
    "Bauer",
    "Bianchi",
    "Brown",
    "Çelik",
    "Chen",
    "Dubois",
    "Eriksen",
    "Fischer",
    "García",
    "Haddad",
    "Ito",
    "Jensen",
    "Kowalski",
    "Kumar",
    "Larsen",
    "Martin",
    "Müller",
    "Nakamura",
    "Nguyen",
    "Novák",
    "O'Brien",
    "Okafor",
    "Park",
    "Petrov",
    "Rossi",
    "Santos",
    "Silva",
    "Taylor",
    "van Dijk",
    "Weiß",
];

const COMPANY_HEADS: [&str; 24] = [
    "Alder",
    "Blue Harbor",
    "Brightwater",
    "Cedar Point",
    "Copperfield",
    "Delta",
    "Eastgate",
    "Fjord",
    "Granite",
    "Highland",
    "Juniper",
    "Kestrel",
    "Lakeside",
    "Meridian",
    "Northwind",
    "Oakridge",
    "Pinnacle",
    "Quarry",
    "Riverbend",
    "Silverline",
    "Stonebridge",
    "Summit",
    "Tidewater",
    "Westbrook",
];

const COMPANY_TAILS: [&str; 16] = [
    "Analytics",
    "Bank",
    "Biotech",
    "Brewing",
    "Clinics",
    "Energy",
    "Foods",
    "Freight",
    "Hotels",
    "Insurance",
    "Logistics",
    "Media",
    "Motors",
    "Retail",
    "Robotics",
    "Telecom",
];

pub(super) const CITIES: [(&str, &str, &str, f64, f64); 10] = [
    ("Lyon", "Auvergne-Rhône-Alpes", "France", 45.764_04, 4.835_66),
    ("Hamburg", "Hamburg", "Germany", 53.551_09, 9.993_68),
    ("Austin", "TX", "USA", 30.267_15, -97.743_06),
    ("Portland", "OR", "USA", 45.515_23, -122.678_38),
    ("Osaka", "Ōsaka", "Japan", 34.693_74, 135.502_18),
    ("São Paulo", "SP", "Brazil", -23.550_52, -46.633_31),
    ("Nairobi", "Nairobi", "Kenya", -1.292_07, 36.821_95),
    ("Malmö", "Skåne", "Sweden", 55.604_98, 13.003_82),
    ("Toronto", "ON", "Canada", 43.653_23, -79.383_18),
    ("Leeds", "West Yorkshire", "United Kingdom", 53.800_76, -1.549_08),
];

pub(super) const STREETS: [&str; 8] =
    ["Harbor Street", "Mill Lane", "Station Road", "Market Square", "River Walk", "Church Hill", "Foundry Yard", "Orchard Avenue"];

pub(super) const INDUSTRIES: [&str; 8] =
    ["Banking", "Biotechnology", "Energy", "Food & Beverage", "Insurance", "Manufacturing", "Retail", "Transportation"];

pub(super) const TITLES: [&str; 8] = [
    "Head of Operations",
    "IT Manager",
    "Buyer",
    "Chief Financial Officer",
    "Plant Engineer",
    "Support Lead",
    "Data Analyst",
    "Office Manager",
];

pub(super) const PRODUCTS: [&str; 8] = [
    "Atlas Router",
    "Beacon Sensor",
    "Cobalt Gateway",
    "Drift Camera",
    "Ember Thermostat",
    "Falcon Tracker",
    "Glade Portal",
    "Harbor Sync",
];

/// Texts that break careless programs.
pub(super) const AWKWARD: [&str; 12] = [
    "quotes \" and 'single' and \u{201c}typographic\u{201d}",
    "backslashes \\ \\n \\\\server\\share",
    "</script><script>alert(1)</script> & <b>bold</b>",
    "emoji \u{1F680}\u{1F469}\u{200D}\u{1F4BB} and \u{1F1EB}\u{1F1F7}",
    "שלום עולם and مرحبا بالعالم",
    "line one\nline two\r\nline three\ttabbed",
    "{{mustache}} ${jndi:none} %s %00 {0}",
    "e\u{301} combining, \u{fb01} ligature, \u{200b}zero width",
    "東京都港区、日本語のテキスト",
    "'; DROP TABLE Account; --",
    "   spaces around   ",
    "null",
];

/// A support story: subject and description of the case, then what customer and agent write, then how it ended.
pub(super) struct Topic {
    pub(super) subject: &'static str,
    pub(super) problem: &'static str,
    pub(super) customer: [&'static str; 3],
    pub(super) agent: [&'static str; 3],
    pub(super) solution: &'static str,
}

/// `{p}` is the product, `{c}` the company, `{n}` a number.
pub(super) const TOPICS: [Topic; 12] = [
    Topic {
        subject: "{p} loses its connection every night",
        problem: "Since the last update the {p} in our {c} branch drops off the network at about {n} past two and needs a restart in the morning.",
        customer: [
            "The light turns amber and the device does not answer a ping.",
            "It happened again last night, the log is attached.",
            "After the patch it stayed online for three nights, thank you.",
        ],
        agent: [
            "Could you send us the log of the last night and the firmware version?",
            "The log shows that the lease of the address expires and is not renewed.",
            "We have prepared a patch that renews the lease earlier, please install it.",
        ],
        solution: "Firmware patch renews the DHCP lease before it expires. Customer confirmed after three nights.",
    },
    Topic {
        subject: "Invoice {n} was charged twice",
        problem: "Our bank statement shows two payments for invoice {n}. Please refund the second one and send a credit note to {c}.",
        customer: [
            "Both payments have the same reference, only the dates differ.",
            "Our accountant needs the credit note before the end of the month.",
            "The refund has arrived, you can close this.",
        ],
        agent: [
            "I am sorry for the double charge, I have passed this on to billing.",
            "Billing confirms a retry after a time-out, the refund is on its way.",
            "The credit note is attached, the refund takes three working days.",
        ],
        solution: "Payment was retried after a gateway time-out. Refunded and credit note sent.",
    },
    Topic {
        subject: "Cannot sign in to {p} after password reset",
        problem: "Two colleagues at {c} reset their passwords and are now sent back to the sign-in page without any message.",
        customer: [
            "We tried three browsers and a private window.",
            "The cookie of the old session was indeed still there.",
            "Clearing the cookies helped, but please fix it for everyone.",
        ],
        agent: [
            "Do they see the same page in a private window?",
            "The old session cookie is not removed by the reset, that causes the loop.",
            "A fix for the redirect loop is scheduled for the next release.",
        ],
        solution: "Redirect loop caused by a stale session cookie. Work-around given, fix released.",
    },
    Topic {
        subject: "Request for a quote: {n} more {p} licences",
        problem: "{c} is growing and needs {n} more licences for {p} from next quarter. Please quote for one and for three years.",
        customer: [
            "We would prefer one invoice a year.",
            "Does the discount for three years include support?",
            "The quote looks good, we will sign this week.",
        ],
        agent: [
            "Thank you, I have asked your account manager for both quotes.",
            "The quote for three years includes premium support.",
            "I have attached the order form for your signature.",
        ],
        solution: "Quoted for three years including support. Order signed.",
    },
    Topic {
        subject: "{p} shows the wrong temperature",
        problem: "The {p} in the cold store of {c} reads {n} degrees too high, so the alarm goes off several times a day.",
        customer: [
            "We compared it with two calibrated thermometers.",
            "The sensor sits above the door, could that be the reason?",
            "Since we moved the sensor the readings are right.",
        ],
        agent: [
            "Where exactly is the sensor mounted?",
            "Warm air from the door distorts the reading, please mount it at the rear wall.",
            "If it still differs after the move we will send a replacement.",
        ],
        solution: "Sensor was mounted above the door. Readings are right at the new place.",
    },
    Topic {
        subject: "Export from {p} stops at row {n}",
        problem: "Whenever we export the yearly report the file ends after {n} rows without an error. {c} needs the complete file for the audit.",
        customer: [
            "The file is cut in the middle of a line.",
            "Exporting month by month works, but takes hours.",
            "The complete export worked today, the audit can go on.",
        ],
        agent: [
            "Could you tell us the time zone and the format of the export?",
            "A single record with a line break in the name ends the export too early.",
            "The corrected exporter is deployed, please try again.",
        ],
        solution: "Exporter did not quote line breaks. Fixed and deployed.",
    },
    Topic {
        subject: "Delivery of {n} {p} units is late",
        problem: "Our order of {n} {p} units was promised for last week and the tracking page has not changed since. {c} opens a new site on Monday.",
        customer: [
            "The tracking number leads to an empty page.",
            "Half of the units would be enough for the opening.",
            "All units are here and undamaged.",
        ],
        agent: [
            "I have asked the carrier, the pallet is held at customs.",
            "A missing form was sent to customs this morning.",
            "The carrier now promises delivery on Friday before noon.",
        ],
        solution: "Shipment was held at customs because of a missing form. Delivered.",
    },
    Topic {
        subject: "How do we rotate the keys of {p}?",
        problem: "The security policy of {c} demands that keys are rotated every {n} days. We found no description of that for {p}.",
        customer: [
            "Can both keys be valid during the change?",
            "We have forty services that use the old key.",
            "The rotation went through without an outage.",
        ],
        agent: [
            "Two keys may be active at once, so no service has to stop.",
            "Create the second key, move the services, then revoke the first one.",
            "I have attached the chapter of the administrator's guide.",
        ],
        solution: "Explained the rotation with two active keys. Guide attached.",
    },
    Topic {
        subject: "{p} camera image is upside down after mounting",
        problem: "We mounted {n} units of {p} on the ceiling of the {c} warehouse and all images are upside down.",
        customer: [
            "The setting for rotation is greyed out.",
            "Our account is only an operator, not an administrator.",
            "With the administrator account it worked at once.",
        ],
        agent: [
            "There is a rotation setting under image options.",
            "The setting needs the role of an administrator.",
            "You can apply it to all cameras at once from the group page.",
        ],
        solution: "Rotation needs the administrator role. Applied to the whole group.",
    },
    Topic {
        subject: "Data protection: delete records of {n} former employees",
        problem: "Under the privacy rules {c} has to delete the records of {n} former employees from {p}. Please confirm when that is done.",
        customer: [
            "The list with the personnel numbers is attached.",
            "Are the backups included?",
            "Thank you for the confirmation, our officer is content.",
        ],
        agent: [
            "We received the list and have started the deletion.",
            "Backups expire after thirty days, nothing is restored from them.",
            "All records are deleted, the confirmation is attached.",
        ],
        solution: "Records deleted and confirmed in writing. Backups expire after thirty days.",
    },
    Topic {
        subject: "{p} battery drains within a day",
        problem: "The trackers on the trucks of {c} used to last a month. Since version {n} the battery of {p} is empty after one day.",
        customer: [
            "All twelve trucks show the same.",
            "They report every ten seconds, we never set that.",
            "Back to a month of battery life, great.",
        ],
        agent: [
            "Which reporting interval do you see in the settings?",
            "The update reset the interval to ten seconds.",
            "Please apply the attached profile, it sets fifteen minutes.",
        ],
        solution: "Update had reset the reporting interval. Profile restores fifteen minutes.",
    },
    Topic {
        subject: "Integration with {p} answers error {n}",
        problem: "Our nightly job at {c} calls the interface of {p} and gets error {n} for about one call in a hundred.",
        customer: [
            "The failing calls all have more than five hundred entries.",
            "Is there a documented limit?",
            "Splitting the calls solved it.",
        ],
        agent: [
            "Please send us the request identifiers of some failing calls.",
            "Calls with more than five hundred entries are refused.",
            "We have added the limit to the documentation.",
        ],
        solution: "Calls exceeded the limit of five hundred entries. Customer splits them now.",
    },
];

/// One of several.
pub(super) fn pick<'a, T: ?Sized>(rng: &mut Rng, choices: &[&'a T]) -> &'a T {
    choices[rng.usize(..choices.len())]
}

/// A company's name.
pub(super) fn company(rng: &mut Rng) -> String {
    format!("{} {}", pick(rng, &COMPANY_HEADS), pick(rng, &COMPANY_TAILS))
}

/// A text in plain ASCII letters and digits, as host and user names have it.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for letter in text.to_lowercase().chars() {
        match letter {
            'a'..='z' | '0'..='9' => slug.push(letter),
            'ä' | 'á' | 'à' | 'ã' => slug.push('a'),
            'ç' | 'č' => slug.push('c'),
            'é' | 'è' | 'ë' => slug.push('e'),
            'í' | 'î' => slug.push('i'),
            'ö' | 'ø' | 'ó' | 'ō' => slug.push('o'),
            'ü' | 'ú' => slug.push('u'),
            'š' => slug.push('s'),
            'ß' => slug.push_str("ss"),
            ' ' | '-' | '.' => slug.push('.'),
            _ => {}
        }
    }
    slug
}

/// Puts product, company and number into a text of a [`Topic`].
pub(super) fn fill(text: &str, product: &str, company: &str, number: u32) -> String {
    text.replace("{p}", product).replace("{c}", company).replace("{n}", &number.to_string())
}

/// A paragraph about a company, of which no two need to be equal.
pub(super) fn portrait(rng: &mut Rng, company: &str, industry: &str) -> String {
    let since = 1950 + rng.u32(..70);
    let sites = 2 + rng.u32(..40);
    let product = pick(rng, &PRODUCTS);
    let mood = pick(
        rng,
        &[
            "Renewal is due next spring.",
            "They plan to open two more sites.",
            "The contract was extended for three years.",
            "A pilot runs until the end of the year.",
        ],
    );
    format!(
        "{company} has been in {} since {since} and runs {sites} sites. They use {product} in most of them. {mood}",
        industry.to_lowercase()
    )
}
