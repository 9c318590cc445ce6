//! What the author of a handler needs, offline: start a project, build it, check it, run it, crash it everywhere.
