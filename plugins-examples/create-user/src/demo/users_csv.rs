//! Reads the list of users to create.
//!
//! A CSV file (RFC 4180, UTF-8) whose first line names the columns `nick`, `name` and `mail`, in any order; other
//! columns are ignored. A row that cannot become a user is reported and left out; the rest goes on.

use std::{fs::File, io::Read, path::Path};

use csv::{ByteRecord, ReaderBuilder};

use crate::user::NewUser;

/// The most rows that are read: they are kept in memory, some 200 bytes each.
pub const ROWS_MAX: usize = 1_000_000;

/// A row that can become a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which row of the file it is, as a spreadsheet counts: the row of the headers is 1.
    pub number: usize,
    /// What it says.
    pub user: NewUser,
}

/// A row that cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Which row of the file it is, as a spreadsheet counts: the row of the headers is 1.
    pub number: usize,
    /// What is wrong with it.
    pub why: String,
}

/// A whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Users {
    /// In the order of the file.
    pub rows: Vec<Row>,
    /// In the same.
    pub bad: Vec<BadRow>,
}

/// Why a file cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum BadFile {
    /// It cannot be read.
    #[error("{0} cannot be read: {1}; give another --users, or start from the project's own folder")]
    Unreadable(String, std::io::Error),
    /// Reading it failed on the way.
    #[error("the CSV file cannot be read: {0}")]
    Broken(#[from] csv::Error),
    /// The first line lacks a column.
    #[error("the CSV file has no column {0:?}: its first line must name nick, name and mail")]
    NoColumn(&'static str),
    /// It has more rows than [`ROWS_MAX`].
    #[error("the CSV file has more than {ROWS_MAX} rows: split it")]
    TooLong,
}

/// Read the file at this path.
pub fn read_file(path: &Path) -> Result<Users, BadFile> {
    let file = File::open(path).map_err(|why| BadFile::Unreadable(path.display().to_string(), why))?;
    read(file)
}

/// Read a file.
pub fn read(file: impl Read) -> Result<Users, BadFile> {
    // Flexible: a row with too few or too many fields is that row's trouble, not the file's.
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(file);
    let columns = Columns::find(reader.byte_headers()?)?;
    let mut users = Users::default();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record)? {
        if users.rows.len() + users.bad.len() == ROWS_MAX {
            return Err(BadFile::TooLong);
        }
        let number = users.rows.len() + users.bad.len() + 2;
        match columns.user(&record) {
            Ok(user) => users.rows.push(Row { number, user }),
            Err(why) => users.bad.push(BadRow { number, why }),
        }
    }
    Ok(users)
}

/// Which column holds what.
struct Columns {
    nick: usize,
    name: usize,
    mail: usize,
}

impl Columns {
    fn find(headers: &ByteRecord) -> Result<Self, BadFile> {
        let find = |name: &'static str| {
            headers.iter().position(|header| header.trim_ascii() == name.as_bytes()).ok_or(BadFile::NoColumn(name))
        };
        Ok(Self { nick: find("nick")?, name: find("name")?, mail: find("mail")? })
    }

    fn user(&self, record: &ByteRecord) -> Result<NewUser, String> {
        let field = |name: &str, at: usize| {
            let bytes = record.get(at).ok_or_else(|| format!("the row has no {name}: a column is missing"))?;
            String::from_utf8(bytes.to_vec()).map_err(|_| format!("{name} is not UTF-8"))
        };
        let user = NewUser {
            nick: field("nick", self.nick)?,
            name: field("name", self.name)?,
            mail: field("mail", self.mail)?,
        };
        user.check().map_err(|why| why.to_string())?;
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn user(nick: &str, name: &str, mail: &str) -> NewUser {
        NewUser { nick: nick.into(), name: name.into(), mail: mail.into() }
    }

    #[test]
    fn fields_are_kept_as_they_are() {
        let text = "\u{feff}nick,name,mail\n\" a\",\"Two\nlines, \"\"quoted\"\"\",o'x@y\n%_,,\n";
        let users = read(text.as_bytes()).unwrap();
        let wanted = [
            Row { number: 2, user: user(" a", "Two\nlines, \"quoted\"", "o'x@y") },
            Row { number: 3, user: user("%_", "", "") },
        ];
        assert_eq!((users.rows.as_slice(), users.bad.len()), (wanted.as_slice(), 0));
    }

    #[test]
    fn columns_are_found_by_name() {
        let users = read("id,mail,nick,name\r\n1,m,n,Name\r\n".as_bytes()).unwrap();
        assert_eq!(users.rows, [Row { number: 2, user: user("n", "Name", "m") }]);
        assert!(matches!(read("nick,name\na,b\n".as_bytes()), Err(BadFile::NoColumn("mail"))));
        assert!(matches!(read("".as_bytes()), Err(BadFile::NoColumn("nick"))));
    }

    #[test]
    fn bad_rows_are_reported_and_the_rest_goes_on() {
        let mut text = b"nick,name,mail\n,Empty,e\nshort\nbad,\xff,m\ngood,Good,g,extra\n".to_vec();
        text.extend(format!("{},Long,l\n", "x".repeat(101)).bytes());
        let users = read(text.as_slice()).unwrap();
        assert_eq!(users.rows, [Row { number: 5, user: user("good", "Good", "g") }]);
        let bad: Vec<(usize, &str)> = users.bad.iter().map(|bad| (bad.number, bad.why.as_str())).collect();
        assert_eq!(bad[0], (2, "nick is empty: give it at least one visible character"));
        assert_eq!(bad[1], (3, "the row has no name: a column is missing"));
        assert_eq!(bad[2], (4, "name is not UTF-8"));
        assert_eq!(bad[3], (6, "nick is 101 bytes long: at most 100 are allowed"));
        assert_eq!(bad.len(), 4);
    }

    #[test]
    fn the_list_that_comes_with_the_example_is_good() {
        let users = read(include_bytes!("../../users.csv").as_slice()).unwrap();
        assert_eq!((users.rows.len(), users.bad.len()), (1_000, 0));
        let nicks: std::collections::HashSet<&str> = users.rows.iter().map(|row| row.user.nick.as_str()).collect();
        assert_eq!(nicks.len(), 970, "30 nicks come twice");
    }
}
