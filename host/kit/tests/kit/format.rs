//! Mistakes in scenario files are told with their place and what to write.

use crate::rig::scenarios;

fn refused(text: &str) -> String {
    scenarios(text).unwrap_err().to_string()
}

#[test]
fn mistakes_name_their_place_and_the_remedy() {
    for (text, parts) in [
        ("", vec!["missing field `scenario`"]),
        ("scenario = []", vec!["[[scenario]]"]),
        ("[[scenario]]\nname = 'a'\nrecrods = []", vec!["line 3", "recrods", "records"]),
        ("[[scenario]]\nname = 'a'\nexpect.outcome = 'done'", vec!["scenario `a`", "`done`", "deleted"]),
        ("[[scenario]]\nname = 'a'\nrecords = [{ hex = 'x' }]", vec!["scenario `a`", "no hex"]),
        ("[[scenario]]\nname = 'a'\nruns = 0", vec!["`runs` is 0"]),
        ("[[scenario]]\nname = 'a'\nhttp = [{ url = 'x', status = 9 }]", vec!["9 is no status"]),
        ("[[scenario]]\nname = 'a'\nhttp = [{ url = 'x', delay = 'soon' }]", vec!["`soon`", "250ms"]),
        ("[[scenario]]\nname = 'a'\nhttp = [{ url = 'x', fails = 'badly' }]", vec!["badly", "timeout"]),
        ("[[scenario]]\nname = 'a'\ncrash = 'here'", vec!["here", "everywhere"]),
        ("start = 2026-01-01\n[[scenario]]\nname = 'a'", vec!["2026-01-01", "T00:00:00Z"]),
        ("[[scenario", vec!["line 1"]),
    ] {
        let message = refused(text);
        for part in parts {
            assert!(message.contains(part), "`{part}` is not in: {message}");
        }
    }
}
