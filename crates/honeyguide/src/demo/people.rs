//! Five hundred made-up people, the same in every demo, and the file that a community would keep them in.

use std::collections::HashSet;

/// The header of the file.
pub const HEADER: &str = "firstname,lastname,email,city,country,timezone,preferred_locale,newsletter";
/// How many different people are in it.
pub const PEOPLE: usize = 500;

struct Place {
    cities: &'static [&'static str],
    country: &'static str,
    timezone: &'static str,
    locale: &'static str,
    first: &'static [&'static str],
    last: &'static [&'static str],
    /// How many of a hundred people live here.
    share: usize,
}

const PLACES: &[Place] = &[
    Place {
        cities: &["Boston", "New York", "Philadelphia", "Atlanta", "Miami"],
        country: "United States",
        timezone: "America/New_York",
        locale: "en_US",
        first: &[
            "Ava", "Noah", "Mia", "Ethan", "Grace", "Lucas", "Ella", "Owen", "Ruby", "Caleb", "Nora", "Isaac", "Hazel", "Miles",
        ],
        last: &["Carter", "Bennett", "Hayes", "Brooks", "Foster", "Reed", "Palmer", "Warren", "Dixon", "Hale", "Mercer"],
        share: 16,
    },
    Place {
        cities: &["San Francisco", "Portland", "Seattle", "Los Angeles"],
        country: "United States",
        timezone: "America/Los_Angeles",
        locale: "en_US",
        first: &["Chloe", "Levi", "Zoe", "Julian", "Aria", "Theo", "Violet", "Jasper", "Iris", "Silas"],
        last: &["Nguyen", "Morgan", "Sullivan", "Park", "Delgado", "Whitman", "Ellis", "Chan", "Rowe"],
        share: 10,
    },
    Place {
        cities: &["London", "Manchester", "Bristol", "Edinburgh"],
        country: "United Kingdom",
        timezone: "Europe/London",
        locale: "en_GB",
        first: &["Oliver", "Amelia", "Harry", "Isla", "George", "Freya", "Alfie", "Poppy", "Archie", "Daisy"],
        last: &["Clarke", "Hughes", "Shaw", "Barnes", "Wright", "Fletcher", "Pearce", "Lawson", "Kerr"],
        share: 11,
    },
    Place {
        cities: &["Berlin", "Hamburg", "München", "Köln", "Leipzig"],
        country: "Germany",
        timezone: "Europe/Berlin",
        locale: "de_DE",
        first: &["Lena", "Jonas", "Marie", "Felix", "Anke", "Jürgen", "Sophie", "Lukas", "Greta", "Björn"],
        last: &["Schäfer", "Vogel", "Krüger", "Brandt", "Lorenz", "Weiß", "Busch", "Jung", "Seidel"],
        share: 12,
    },
    Place {
        cities: &["Prague", "Brno", "Plzeň", "Ostrava"],
        country: "Czech Republic",
        timezone: "Europe/Prague",
        locale: "cs_CZ",
        first: &["Jan", "Tereza", "Ondřej", "Lucie", "Tomáš", "Eliška", "Jakub", "Zdeněk"],
        last: &["Novák", "Dvořák", "Svoboda", "Kučera", "Procházka", "Veselý", "Říha", "Beneš"],
        share: 8,
    },
    Place {
        cities: &["Paris", "Lyon", "Nantes", "Lille"],
        country: "France",
        timezone: "Europe/Paris",
        locale: "fr_FR",
        first: &["Camille", "Hugo", "Chloé", "Léo", "Inès", "Jules", "Zoé", "François"],
        last: &["Lefèvre", "Moreau", "Girard", "Fontaine", "Chevalier", "Marchand", "Renaud"],
        share: 8,
    },
    Place {
        cities: &["São Paulo", "Rio de Janeiro", "Curitiba"],
        country: "Brazil",
        timezone: "America/Sao_Paulo",
        locale: "pt_BR",
        first: &["João", "Beatriz", "Thiago", "Larissa", "Rafael", "Mariana", "Caio"],
        last: &["Almeida", "Ribeiro", "Gonçalves", "Teixeira", "Araújo", "Cardoso"],
        share: 7,
    },
    Place {
        cities: &["Bengaluru", "Mumbai", "Pune", "Hyderabad"],
        country: "India",
        timezone: "Asia/Kolkata",
        locale: "en_IN",
        first: &["Aarav", "Diya", "Rohan", "Ananya", "Vikram", "Priya", "Kabir", "Meera", "Arjun"],
        last: &["Sharma", "Iyer", "Patel", "Reddy", "Banerjee", "Kulkarni", "Nair", "Mehta"],
        share: 10,
    },
    Place {
        cities: &["Tokyo", "Osaka", "Kyoto"],
        country: "Japan",
        timezone: "Asia/Tokyo",
        locale: "ja_JP",
        first: &["Haruto", "Yui", "Sota", "Aoi", "Ren", "Hina", "Daiki"],
        last: &["Tanaka", "Suzuki", "Kobayashi", "Ito", "Yamamoto", "Mori"],
        share: 6,
    },
    Place {
        cities: &["Lagos", "Abuja", "Ibadan"],
        country: "Nigeria",
        timezone: "Africa/Lagos",
        locale: "en_NG",
        first: &["Chinedu", "Amara", "Tunde", "Ngozi", "Emeka", "Folake", "Ifeoma"],
        last: &["Okafor", "Adeyemi", "Balogun", "Eze", "Ogunleye", "Nwosu"],
        share: 6,
    },
    Place {
        cities: &["Sydney", "Melbourne"],
        country: "Australia",
        timezone: "Australia/Sydney",
        locale: "en_AU",
        first: &["Jack", "Matilda", "Cooper", "Sienna", "Lachlan", "Imogen"],
        last: &["Walsh", "Doyle", "Sinclair", "Harding", "Quinn", "Marsh"],
        share: 6,
    },
];

/// A number below `n` that depends on the seed alone (splitmix64).
pub fn draw(seed: u64, n: u64) -> u64 {
    let mut z = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) % n.max(1)
}

fn pick<'a>(list: &[&'a str], seed: u64) -> &'a str {
    list[usize::try_from(draw(seed, list.len() as u64)).unwrap_or(0)]
}

/// Letters of an address: accents go, everything else that is no letter becomes a dot.
fn plain(name: &str) -> String {
    hg_core::text::fold(name).replace('ß', "ss").chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '.' }).collect()
}

/// The file: five hundred different people, three of them twice, and four rows that cannot be read.
pub fn csv() -> String {
    let mut rows: Vec<String> = Vec::with_capacity(PEOPLE + 7);
    let mut taken = HashSet::new();
    let mut seed = 0_u64;
    while rows.len() < PEOPLE {
        seed += 1;
        let mut at = usize::try_from(draw(seed * 7, 100)).unwrap_or(0);
        let place = PLACES
            .iter()
            .find(|p| {
                let here = at < p.share;
                at = at.wrapping_sub(p.share);
                here
            })
            .unwrap_or(&PLACES[0]);
        let (first, last) = (pick(place.first, seed * 11 + 3), pick(place.last, seed * 13 + 5));
        if !taken.insert((first, last)) {
            continue;
        }
        let host = ["example.org", "example.com", "example.net"][usize::try_from(draw(seed * 17, 3)).unwrap_or(0)];
        let email = format!("{}.{}@{host}", plain(first), plain(last));
        let agreed = if draw(seed * 19, 100) < 88 { "yes" } else { "no" };
        let city = pick(place.cities, seed * 23);
        rows.push(format!("{first},{last},{email},{city},{},{},{},{agreed}", place.country, place.timezone, place.locale));
    }
    // Somebody put three people on the list twice, once in capitals.
    for (from, to, shout) in [(12, 130, false), (77, 260, true), (301, 415, false)] {
        let row: String = rows[from].clone();
        let again = if shout {
            row.split(',')
                .enumerate()
                .map(|(i, c)| if i == 2 { c.to_uppercase() } else { c.to_owned() })
                .collect::<Vec<_>>()
                .join(",")
        } else {
            row
        };
        rows.insert(to, again);
    }
    // And four rows were damaged by hand.
    for (at, broken) in [
        (45, "Robin,Lindqvist,robin.lindqvist-at-example.org,Stockholm,Sweden,Europe/Stockholm,sv_SE,yes"),
        (188, "Petra,Horváth,petra@,Budapest,Hungary,Europe/Budapest,hu_HU,yes"),
        (333, "Samir,Haddad"),
        (470, "Kim,Larsen,kim larsen@example.org,Aarhus,Denmark,Europe/Copenhagen,da_DK,no"),
    ] {
        rows.insert(at, broken.to_owned());
    }
    let mut text = String::from(HEADER);
    text.push('\n');
    for row in rows {
        text.push_str(&row);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_500_different_people_three_twice_and_four_broken_rows() {
        let text = csv();
        let rows: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(rows.len(), PEOPLE + 7);
        let good: Vec<&str> = rows
            .iter()
            .copied()
            .filter(|r| {
                r.split(',').count() == 8
                    && r.split(',').nth(2).is_some_and(|e| e.to_lowercase().contains("@example.") && !e.contains(' '))
            })
            .collect();
        let addresses: HashSet<String> = good.iter().map(|r| r.split(',').nth(2).unwrap_or("").to_lowercase()).collect();
        assert_eq!((good.len(), addresses.len()), (PEOPLE + 3, PEOPLE));
    }

    #[test]
    fn about_430_agreed_to_mail_and_they_live_in_several_countries() {
        let text = csv();
        let yes = text.lines().filter(|r| r.ends_with(",yes")).count();
        assert!((420..=445).contains(&yes), "{yes}");
        let countries: HashSet<&str> = text.lines().skip(1).filter_map(|r| r.split(',').nth(4)).collect();
        assert!(countries.len() >= 10, "{countries:?}");
    }

    #[test]
    fn the_committed_example_is_this_list() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/ama/contacts.csv");
        assert_eq!(
            std::fs::read_to_string(path).unwrap_or_default(),
            csv(),
            "write it anew with: honeyguide demo --print-contacts > examples/ama/contacts.csv"
        );
    }
}
