//! A database file or a port that cannot be used: the host says which and what to do, ends with a code of its own, and
//! has touched nothing.

use std::{fs, net::TcpListener, path::Path};

use redb::{Database, TableDefinition};

use crate::harness::{Config, Host, Kind, wat};

const ADDRESS_TAKEN: Option<i32> = Some(4);
const STORE_UNUSABLE: Option<i32> = Some(5);

/// Where a store says what it is: `docs/storage.md`, table `meta`.
const META: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("meta");

fn config() -> Config {
    Config::of([Kind::new(1, wat("bare-delete"))])
}

fn redb_file(path: &Path, table: TableDefinition<'static, &'static str, &'static [u8]>, value: &'static [u8]) {
    let database = Database::create(path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(table).unwrap().insert("format", value).unwrap();
    transaction.commit().unwrap();
}

/// A host over this file ends, says all this, and leaves the file as it was.
async fn refuses(make: impl Fn(&Path), says: &[&str]) {
    let mut host = Host::prepare(&config());
    let file = host.path("mpy6a.redb");
    make(&file);
    let before = fs::read(&file).unwrap();
    let exit = host.exit_of_start().await;
    assert_eq!(exit.code, STORE_UNUSABLE, "{exit:?}");
    for part in says.iter().chain(&["mpy6a.redb"]) {
        assert!(exit.text.contains(part), "{part:?} is not in {:?}", exit.text);
    }
    assert!(fs::read(&file).unwrap() == before, "the file was changed");
}

#[tokio::test]
async fn a_file_of_another_program_is_left_as_it_is() {
    let says = ["is not a store of mpy6a", "correct [store] path"];
    refuses(|file| fs::write(file, "SQLite format 3\0 and so on").unwrap(), &says).await;
    refuses(|file| fs::write(file, "x").unwrap(), &says).await;
}

#[tokio::test]
async fn a_redb_file_of_another_program_is_told_apart_from_ours() {
    let says = ["is not a store of mpy6a", "move the file away"];
    let other: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("songs");
    refuses_redb(|file| redb_file(file, other, b"la la la"), &says).await;
}

#[tokio::test]
async fn a_store_of_another_version_is_named() {
    let says = ["mpy6a store 99", "use the version of mpy6a that wrote it"];
    refuses_redb(|file| redb_file(file, META, b"mpy6a store 99"), &says).await;
}

/// The same for a redb file: redb may write to its header when it opens it, so what must stay is what is in it.
async fn refuses_redb(make: impl Fn(&Path), says: &[&str]) {
    let mut host = Host::prepare(&config());
    let file = host.path("mpy6a.redb");
    make(&file);
    let tables = |file: &Path| -> Vec<String> {
        let database = Database::open(file).unwrap();
        let names = redb::ReadableDatabase::begin_read(&database).unwrap();
        names.list_tables().unwrap().map(|table| redb::TableHandle::name(&table).to_owned()).collect()
    };
    let before = tables(&file);
    let exit = host.exit_of_start().await;
    assert_eq!(exit.code, STORE_UNUSABLE, "{exit:?}");
    for part in says.iter().chain(&["mpy6a.redb"]) {
        assert!(exit.text.contains(part), "{part:?} is not in {:?}", exit.text);
    }
    assert_eq!(tables(&file), before);
}

#[tokio::test]
async fn a_damaged_store_is_named_and_never_served() {
    let mut host = Host::start(&config()).await;
    host.open(1, "one").await;
    host.stop().await;
    let file = host.path("mpy6a.redb");
    let mut bytes = fs::read(&file).unwrap();
    // All but what says whose file it is.
    bytes[64..].fill(0xAA);
    fs::write(&file, bytes).unwrap();
    let exit = host.exit_of_start().await;
    assert_eq!(exit.code, STORE_UNUSABLE, "{exit:?}");
    assert!(exit.text.contains("is damaged") && exit.text.contains("restore a backup"), "{exit:?}");
}

#[tokio::test]
async fn a_store_that_cannot_be_made_is_named() {
    let mut host = Host::prepare(&config().set("store.path", "none/here.redb"));
    let exit = host.exit_of_start().await;
    assert_eq!(exit.code, STORE_UNUSABLE, "{exit:?}");
    assert!(exit.text.contains("none/here.redb") && exit.text.contains("check that its folder exists"), "{exit:?}");
}

#[tokio::test]
async fn a_second_host_on_the_same_file_ends_and_the_first_serves_on() {
    let first = Host::start(&config()).await;
    let handle = first.open(1, "one").await;
    let file = first.path("mpy6a.redb");
    let mut second = Host::prepare(&config().set("store.path", file.to_str().unwrap()));
    let exit = second.exit_of_start().await;
    assert_eq!(exit.code, STORE_UNUSABLE, "{exit:?}");
    assert!(exit.text.contains("is in use by another process: stop that host"), "{exit:?}");
    first.append(handle, 1, "two").await.unwrap();
    assert_eq!(first.records(handle.id.unwrap()).await.unwrap(), ["one", "two"]);
}

#[tokio::test]
async fn a_port_in_use_is_named_and_costs_no_term() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut host = Host::prepare(&config());
    let free = host.port();
    host.insist_on(port);
    let exit = host.exit_of_start().await;
    assert_eq!(exit.code, ADDRESS_TAKEN, "{exit:?}");
    assert!(exit.text.contains(&port.to_string()) && exit.text.contains("set `listen` to another port"), "{exit:?}");
    host.insist_on(free);
    host.launch().await;
    assert_eq!(host.open(1, "one").await.id.unwrap().term, 1);
}
