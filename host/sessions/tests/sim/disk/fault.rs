//! What goes wrong, and at which call.

use std::{fmt, io, str::FromStr};

/// What the code under test asks of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Read,
    Write,
    Sync,
    SetLen,
    Len,
    Create,
    Remove,
    Names,
}

impl Call {
    /// Whether it can change what is on the disk.
    fn changes(self) -> bool {
        matches!(self, Self::Write | Self::Sync | Self::SetLen | Self::Create | Self::Remove)
    }

    fn takes_room(self) -> bool {
        matches!(self, Self::Write | Self::SetLen | Self::Create)
    }
}

/// Something that will go wrong.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub kind: FaultKind,
    /// The first call that it may hit.
    pub from_call: u64,
    /// How many calls of its sort it lets pass from there.
    pub skip: u64,
    /// How many calls in a row it hits.
    pub times: u64,
}

impl Fault {
    /// At exactly this call, and once.
    pub fn at(kind: FaultKind, call: u64) -> Self {
        Self { kind, from_call: call, skip: 0, times: 1 }
    }

    /// At the n-th call of its sort from now on.
    pub fn nth(kind: FaultKind, skip: u64, times: u64) -> Self {
        Self { kind, from_call: 0, skip, times }
    }

    /// What becomes of this call.
    pub(super) fn hit(&mut self, call: Call, at: u64) -> Option<Verdict> {
        if at < self.from_call || self.times == 0 || !self.kind.concerns(call) {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.times -= 1;
        Some(self.kind.verdict())
    }
}

/// The ways in which a disk, or its process, fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The power is cut during a call that changes something.
    Power,
    /// The process is killed during a call that changes something.
    Kill,
    /// `sync` fails and drops the dirty pages; the next one reports success.
    SyncDrops,
    /// `sync` fails and keeps them.
    SyncFails,
    /// A write fails, perhaps after a part of it.
    WriteFails,
    /// A read fails.
    ReadFails,
    /// The disk is full: whatever takes room fails.
    Full,
}

impl FaultKind {
    pub const ALL: [Self; 7] =
        [Self::Power, Self::Kill, Self::SyncDrops, Self::SyncFails, Self::WriteFails, Self::ReadFails, Self::Full];

    /// Whether it can hit a call of this sort.
    pub fn concerns(self, call: Call) -> bool {
        match self {
            Self::Power | Self::Kill => call.changes(),
            Self::SyncDrops | Self::SyncFails => call == Call::Sync,
            Self::WriteFails => call.changes() && call != Call::Sync,
            Self::ReadFails => !call.changes(),
            Self::Full => call.takes_room(),
        }
    }

    fn verdict(self) -> Verdict {
        let io = io::ErrorKind::Other;
        match self {
            Self::Power => Verdict::PowerCut,
            Self::Kill => Verdict::Killed,
            Self::SyncDrops => Verdict::Error { kind: io, drops_pages: true },
            Self::SyncFails | Self::WriteFails | Self::ReadFails => Verdict::Error { kind: io, drops_pages: false },
            Self::Full => Verdict::Error { kind: io::ErrorKind::StorageFull, drops_pages: false },
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Power => "power",
            Self::Kill => "kill",
            Self::SyncDrops => "sync-drops",
            Self::SyncFails => "sync-fails",
            Self::WriteFails => "write-fails",
            Self::ReadFails => "read-fails",
            Self::Full => "full",
        })
    }
}

impl FromStr for FaultKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(|kind| kind.to_string()).join(", ");
        Self::ALL
            .into_iter()
            .find(|kind| kind.to_string() == text)
            .ok_or_else(|| format!("no fault is called `{text}`: take one of {}", names()))
    }
}

/// What becomes of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    PowerCut,
    Killed,
    Error { kind: io::ErrorKind, drops_pages: bool },
}

impl Verdict {
    pub fn is_death(self) -> bool {
        matches!(self, Self::PowerCut | Self::Killed)
    }
}
