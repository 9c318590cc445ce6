//! Plugin files made to be dear to load: small ones that take hours to compile, or all memory.

use std::fmt::Write;

use crate::{attack::Attack, table::beside_a_neighbour};

/// A number as Wasm writes it.
fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn section(id: u8, contents: &[u8]) -> Vec<u8> {
    [&[id], &leb(contents.len())[..], contents].concat()
}

/// A handler that returns ok, with so many functions more, each with these locals and instructions.
fn module(count: usize, body: &[u8]) -> Vec<u8> {
    // `handle`, `cabi_realloc`, and a function without parameters.
    let types = [3, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 4, 0x7f, 0x7f, 0x7f, 0x7f, 1, 0x7f, 0x60, 0, 0];
    let functions = [&leb(count + 2)[..], &[0, 1], &vec![2; count]].concat();
    let exports = b"\x03\x06memory\x02\x00\x06handle\x00\x00\x0ccabi_realloc\x00\x01";
    // i32.const 2048
    let answer = [5, 0, 0x41, 0x80, 0x10, 0x0b];
    let more = [&leb(body.len())[..], body].concat().repeat(count);
    let code = [&leb(count + 2)[..], &answer, &answer, &more].concat();
    let memory = [1, 0, 2];
    let sections =
        [section(1, &types), section(3, &functions), section(5, &memory), section(7, exports), section(10, &code)];
    [b"\0asm\x01\0\0\0", &sections.concat()[..]].concat()
}

/// A body of so many blocks, one in the other.
fn nested(blocks: usize) -> Vec<u8> {
    [&[0][..], &[0x02, 0x40].repeat(blocks), &[0x0b].repeat(blocks), &[0x0b]].concat()
}

/// A body of one block, and so many ways out of it.
fn branches(count: usize) -> Vec<u8> {
    [&[0, 0x02, 0x40][..], &[0x41, 0, 0x0d, 0].repeat(count), &[0x0b, 0x0b]].concat()
}

/// A body of so many instructions that do nothing.
fn long(count: usize) -> Vec<u8> {
    [&[0][..], &vec![0x01; count], &[0x0b]].concat()
}

/// A component of so many levels, each of which makes two instances of the one below.
fn doubling(levels: usize) -> String {
    let mut text = "(component (component $c0 (core module $m) (core instance (instantiate $m)))".to_owned();
    for level in 1..=levels {
        let below = level - 1;
        write!(
            text,
            "(component $c{level} (alias outer 1 $c{below} (component $x))
               (instance (instantiate $x)) (instance (instantiate $x)))"
        )
        .unwrap();
    }
    text + &format!("(instance (instantiate $c{levels})))")
}

#[test]
fn what_is_dear_to_compile_is_refused_before_it_is() {
    let passing = r#"(component
        (component $a (component $in) (export "c" (component $in)))
        (instance $i (instantiate $a)))"#;
    let huge = include_str!("../../../../tests/guests/memory-huge.wat");
    beside_a_neighbour(
        "files",
        vec![
            Attack::loaded(
                "a million functions",
                module(999_998, &[0, 0x0b]),
                "1000000 functions, and no more than 50000",
            ),
            Attack::loaded(
                "100,000 blocks within each other",
                module(1, &nested(100_000)),
                "blocks within each other in one function",
            ),
            Attack::loaded(
                "250,000 branches in one function",
                module(1, &branches(250_000)),
                "branches in one function",
            ),
            Attack::loaded("one function of 7 MB", module(1, &long(7_000_000)), "bytes in one function"),
            Attack::loaded("40 MB of code", module(40, &long(1_000_000)), "bytes of code"),
            Attack::loaded("2^60 instances", doubling(60), "instances, of modules and of components"),
            Attack::loaded("a component that passes a component on", passing, "imports or exports a component"),
            Attack::loaded("4 GiB of memory to begin with", huge, "raise the kind's `memory`, or build it with"),
        ],
    );
}
