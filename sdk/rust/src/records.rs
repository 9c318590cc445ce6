//! Records as JSON: parsing them with errors that say which record is wrong, and how.

use serde::de::DeserializeOwned;

use crate::Failure;

/// The record at `index`, from 0.
pub(crate) fn at<T: DeserializeOwned>(records: &[Vec<u8>], index: usize) -> Result<T, Failure> {
    match records.get(index) {
        Some(bytes) => parse(index, bytes),
        None => Err(Failure::Permanent(format!("record {index}: there is none, the session has {}", records.len()))),
    }
}

/// All records, oldest first. The first that does not parse is the error.
pub(crate) fn all<T: DeserializeOwned>(records: &[Vec<u8>]) -> Result<Vec<T>, Failure> {
    records.iter().enumerate().map(|(index, bytes)| parse(index, bytes)).collect()
}

/// The state that comes of applying all records in order.
pub(crate) fn replay<S, T>(records: &[Vec<u8>], mut apply: impl FnMut(&mut S, T)) -> Result<S, Failure>
where
    S: Default,
    T: DeserializeOwned,
{
    let mut state = S::default();
    for (index, bytes) in records.iter().enumerate() {
        apply(&mut state, parse(index, bytes)?);
    }
    Ok(state)
}

/// The content of the record is not quoted: the reason is kept and logged, and a record may hold what must not be.
fn parse<T: DeserializeOwned>(index: usize, bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|why| {
        let wanted = std::any::type_name::<T>();
        Failure::Permanent(format!("record {index}: these {} bytes are no {wanted} in JSON: {why}", bytes.len()))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[serde(tag = "step", rename_all = "lowercase")]
    enum Step {
        Create { nick: String },
        Created { id: u64 },
    }

    #[derive(Default, Debug, PartialEq)]
    struct Known {
        nick: Option<String>,
        id: Option<u64>,
    }

    fn records(texts: &[&str]) -> Vec<Vec<u8>> {
        texts.iter().map(|text| text.as_bytes().to_vec()).collect()
    }

    fn apply(known: &mut Known, step: Step) {
        match step {
            Step::Create { nick } => known.nick = Some(nick),
            Step::Created { id } => known.id = Some(id),
        }
    }

    #[test]
    fn an_enum_of_records_is_replayed_in_order() {
        let both = records(&[r#"{"step":"create","nick":"ан"}"#, r#"{"step":"created","id":7}"#]);
        assert_eq!(replay(&both, apply).unwrap(), Known { nick: Some("ан".into()), id: Some(7) });
        assert_eq!(replay(&[], apply).unwrap(), Known::default());
        let twice = records(&[r#"{"step":"created","id":7}"#, r#"{"step":"created","id":8}"#]);
        assert_eq!(replay(&twice, apply).unwrap().id, Some(8), "the last one counts");
        assert_eq!(all::<Step>(&both).unwrap().len(), 2);
    }

    #[test]
    fn a_record_that_does_not_parse_is_named_with_its_reason() {
        let bad = records(&[r#"{"step":"create","nick":"a"}"#, r#"{"step":"created"}"#]);
        let Err(Failure::Permanent(reason)) = replay(&bad, apply) else { panic!("it must be permanent") };
        assert!(reason.starts_with("record 1: these 18 bytes are no "), "{reason}");
        assert!(reason.contains("Step in JSON: missing field `id`"), "{reason}");
        assert!(matches!(all::<Step>(&bad), Err(Failure::Permanent(same)) if same == reason));
    }

    #[test]
    fn a_record_that_is_not_there_is_permanent() {
        let Err(Failure::Permanent(reason)) = at::<Step>(&[], 0) else { panic!("it must be permanent") };
        assert_eq!(reason, "record 0: there is none, the session has 0");
    }
}
