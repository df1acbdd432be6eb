//! From a room's title to the address that it may get. Pure.

use nowcast_shared::id::RoomName;

/// How long an address may be.
const LONGEST: usize = 64;

/// The address that goes with a title: its letters without their marks, in lower case, and a dash
/// for everything between them. Empty where nothing of the title can stand in an address.
pub fn suggest(title: &str) -> String {
    let mut address = String::new();
    for letter in title.chars().flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() {
            address.push(letter);
        } else if let Some(letters) = plain(letter) {
            address.push_str(letters);
        } else if letter != '\'' && letter != '’' && !address.is_empty() && !address.ends_with('-')
        {
            address.push('-');
        }
    }
    // Everything in it is ASCII by now. A word is not cut in two where that can be helped.
    if address.len() > LONGEST {
        let whole = address[..=LONGEST].rfind('-').filter(|end| *end >= LONGEST / 2);
        address.truncate(whole.unwrap_or(LONGEST));
    }
    address.trim_end_matches('-').to_owned()
}

/// The letters that stand for one that no address can have, as people write it without its marks.
fn plain(letter: char) -> Option<&'static str> {
    Some(match letter {
        'à' | 'á' | 'â' | 'ã' | 'ā' | 'ă' | 'ą' => "a",
        'ä' | 'æ' => "ae",
        'å' => "aa",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'į' | 'ı' => "i",
        'ł' | 'ľ' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ō' | 'ő' => "o",
        'ö' | 'ø' | 'œ' => "oe",
        'ŕ' | 'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ß' => "ss",
        'ť' | 'ţ' | 'ț' => "t",
        'þ' => "th",
        'ù' | 'ú' | 'û' | 'ū' | 'ů' | 'ű' | 'ų' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        '&' => "and",
        _ => return None,
    })
}

/// The room that this address names, or what is wrong with it.
///
/// # Errors
/// A sentence for whoever typed it.
pub fn check(address: &str) -> Result<RoomName, &'static str> {
    let address = address.trim();
    if address.is_empty() {
        return Err("Where shall it be? A few letters are enough.");
    }
    if address.len() > LONGEST {
        return Err("That is too long: 64 characters at most.");
    }
    address.parse().map_err(|_| "Only a to z, 0 to 9 and dashes.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_suggests_an_address_that_people_would_have_chosen() {
        for (title, address) in [
            ("Harbour Festival", "harbour-festival"),
            ("  Final 2026!  ", "final-2026"),
            ("Größe & Übermut", "groesse-and-uebermut"),
            ("Ana's café", "anas-cafe"),
            ("C’est l’été…", "cest-lete"),
            ("a — b / c", "a-b-c"),
            ("ŁÓDŹ", "lodz"),
            ("النهائي", ""),
            ("النهائي 2026", "2026"),
            ("---", ""),
            ("", ""),
        ] {
            assert_eq!(suggest(title), address, "{title}");
        }
    }

    #[test]
    fn whatever_is_suggested_is_legal_and_ends_with_a_whole_word() {
        let long = "The longest title that anybody would ever give to a room of their own";
        assert_eq!(suggest(long), "the-longest-title-that-anybody-would-ever-give-to-a-room-of");
        for title in [long, &"x".repeat(200), &"ä".repeat(100), "a b"] {
            assert!(check(&suggest(title)).is_ok(), "{title}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said() {
        assert_eq!(check(" final-2026 ").unwrap().as_str(), "final-2026");
        for bad in ["", "  ", "Final", "a b", "ä", "a/b", &"x".repeat(65)] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
