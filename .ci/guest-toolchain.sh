# Find or install a toolchain for Wasm guests. Sourced by build-guests, after common.sh.
#
# choose_toolchain auto|rustup|debian   sets $toolchain to rustup or debian, or ends the script
# guest_cargo ARGUMENT...               runs that toolchain's cargo
#
# Neither toolchain is told anything by the caller's RUSTFLAGS and their like: they are meant for the host's CPU.

guest_target=wasm32-unknown-unknown
# How long a download may take, in seconds: the target is some 20 MB.
rustup_seconds=180
debian_packages=(rustc-web cargo-web rust-web-src lld)
# The project's own minimum, from Cargo.toml.
rust_min="$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)"

choose_toolchain() {
    case "$1" in
        rustup)
            rustup_ready || fail "the target $guest_target cannot be had from rustup" \
                "install rustup and run 'rustup target add $guest_target', or set MPY6A_GUEST_TOOLCHAIN=debian"
            toolchain=rustup
            ;;
        debian)
            debian_ready || fail "Debian's compiler for $guest_target cannot be had" \
                "as root on Debian, run 'apt-get update' and 'apt-get install ${debian_packages[*]}' (rustc $rust_min or newer), or set MPY6A_GUEST_TOOLCHAIN=rustup"
            toolchain=debian
            ;;
        auto)
            if rustup_ready; then
                toolchain=rustup
            elif debian_ready; then
                toolchain=debian
            else
                fail "no compiler for $guest_target can be had, neither from rustup nor from Debian" \
                    "connect this machine to either, or install one: 'rustup target add $guest_target', or 'apt-get install ${debian_packages[*]}'"
            fi
            ;;
        *) fail "MPY6A_GUEST_TOOLCHAIN is '$1'" "set it to auto, rustup or debian, or not at all" ;;
    esac
}

guest_cargo() {
    local -a clean=(env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u CARGO_BUILD_RUSTFLAGS -u CARGO_BUILD_TARGET)
    case "$toolchain" in
        rustup) "${clean[@]}" cargo "$@" ;;
        # The variables that a rustup or a wrapper sets would lead this cargo to another compiler. Its standard library
        # for Wasm is built here, which asks for unstable options.
        debian)
            "${clean[@]}" -u RUSTUP_TOOLCHAIN -u RUSTC_WRAPPER -u RUSTC_WORKSPACE_WRAPPER -u RUSTDOC \
                RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Clinker=/usr/bin/wasm-ld \
                /usr/bin/cargo "$@" -Zbuild-std=std,panic_abort
            ;;
    esac
}

rustup_ready() {
    target_installed && return 0
    command -v rustup > /dev/null || return 1
    echo "build-guests: adding the target $guest_target" >&2
    timeout --kill-after=5 "$rustup_seconds" rustup target add "$guest_target" >&2 && target_installed
}

# Whether the rustc that cargo would run here, rustup's or any other, has the target's standard library.
target_installed() {
    local library
    command -v cargo > /dev/null || return 1
    library="$(rustc --print target-libdir --target "$guest_target" 2> /dev/null)" || return 1
    compgen -G "$library/libstd-*.rlib" > /dev/null
}

debian_ready() {
    debian_installed && return 0
    command -v apt-get > /dev/null || return 1
    echo "build-guests: installing ${debian_packages[*]}" >&2
    apt update && apt install --yes --no-install-recommends "${debian_packages[@]}" && debian_installed
}

# All the files are there, and the compiler is new enough. An older one in a stale package list is not.
debian_installed() {
    local version file
    for file in /usr/bin/cargo /usr/bin/rustc /usr/bin/wasm-ld; do
        [[ -x "$file" ]] || return 1
    done
    [[ -f "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock" ]] || return 1
    version="$(/usr/bin/rustc --version | sed -n 's/^rustc \([0-9.]*\).*/\1/p')"
    printf '%s\n%s\n' "$rust_min" "$version" | sort --version-sort --check=quiet
}
