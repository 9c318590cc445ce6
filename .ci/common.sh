# What the scripts here share. Sourced by them.
#
# fail WHAT REMEDY      ends the script
# apt ARGUMENT...       runs apt-get, quietly and bounded
# built_mpy6a           prints the path of the program: what MPY6A names, or the one that cargo built last
# $target_dir           where everything that is built goes

target_dir="${CARGO_TARGET_DIR:-target}"
# How long apt-get may take, in seconds: the largest set of packages is some 200 MB.
apt_seconds=900

fail() {
    printf '%s: %s.\n  Remedy: %s.\n' "${0##*/}" "$1" "$2" >&2
    exit 1
}

apt() {
    DEBIAN_FRONTEND=noninteractive timeout --kill-after=5 "$apt_seconds" apt-get -qq "$@" >&2
}

built_mpy6a() {
    local program="${MPY6A:-$(ls -t "$target_dir"/{debug,release}/mpy6a 2> /dev/null | head -n 1)}"
    [[ -x "$program" ]] || fail "the program mpy6a is missing${program:+ ($program)}" \
        "run 'make handlers', which builds it first, or let MPY6A name it"
    printf '%s\n' "$program"
}
