# shellcheck shell=bash disable=SC2034
# What softhsm/test and softhsm/demo have in common: the checkout, Debian packages, the Swift toolchain, the build. Sourced, not run.
set -euo pipefail

# The root of the checkout; every script works from there.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
started=$SECONDS

# The caches of SwiftPM, of the compiler and of pip belong to the checkout too, not to the home folder.
export XDG_CACHE_HOME=$root/.build/cache

# Logs, gone at the end. `running` is what `logged` has started in a process group of its own.
logs=$(mktemp -d "${TMPDIR:-/tmp}/hsmkey-logs.XXXXXX")
running=""

# tidy: ends what still runs, with its children, and removes the logs. Scripts with an EXIT trap of their own call it there.
tidy() {
  local _
  if [[ -n $running ]]; then
    kill -TERM -- "-$running" 2>/dev/null || true
    for _ in {1..30}; do
      [[ " $(jobs -rp | tr '\n' ' ')" == *" $running "* ]] || break
      sleep 0.1
    done
    kill -KILL -- "-$running" 2>/dev/null || true
    running=""
  fi
  rm -rf "$logs"
}
trap tidy EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# What building needs, and what the tests and the demo talk to.
build_packages=(libcurl4-openssl-dev libssl-dev libxml2-dev libsqlite3-dev libgfshare-dev libqrencode-dev pkg-config)
token_packages=(softhsm2 opensc openssl nginx-light)
# gcc and the two headers of others: our Cryptoki header is held against theirs.
test_packages=(xmlsec1 libxml2-utils curl python3 python3-venv shellcheck gcc libc6-dev libp11-kit-dev libnss3-dev)
# Tokens of other makes, docs/compatibility.md: NSS, openCryptoki, a TPM in software with its resource manager and a bus, p11-kit, OpenSC.
test_packages+=(
  libnss3 libnss3-tools opencryptoki libtpm2-pkcs11-1 swtpm tpm2-abrmd libtss2-tcti-tabrmd0 libtss2-tcti-swtpm0 dbus-daemon util-linux
  p11-kit p11-kit-modules opensc-pkcs11 libpcsclite1
)
# Other programs that use the same keys: GnuTLS's p11tool, OpenSSL's engine.
test_packages+=(gnutls-bin libengine-pkcs11-openssl)
# The units of systemd are checked by systemd itself, and what a renewal does is held against their walls.
test_packages+=(systemd strace)
# The report of an audit and the papers of a ceremony in a browser and on paper; their QR codes read by another program.
test_packages+=(chromium poppler-utils zbar-tools)
# The transcript of a ceremony checked by hand, as its page says.
test_packages+=(jq)

say() { printf '%s\n' "$*"; }
step() { printf '\n== %s\n' "$*"; }

# fail CODE MESSAGE…: one line on standard error each, as sysexits(3) has the code.
fail() {
  local code=$1
  shift
  printf '%s: error: %s\n' "${0##*/}" "$1" >&2
  shift
  local hint
  for hint in "$@"; do printf 'hint: %s\n' "$hint" >&2; done
  exit "$code"
}

# elapsed: "3 min 5 s" since the script began
elapsed() {
  local seconds=$((SECONDS - started))
  if ((seconds < 60)); then printf '%d s' "$seconds"; else printf '%d min %d s' $((seconds / 60)) $((seconds % 60)); fi
}

is_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# need_packages PACKAGE…: installs those that are missing and nothing else; asks for the one line to run where it may not.
need_packages() {
  command -v dpkg-query >/dev/null ||
    fail 69 "this is no Debian system" "install by hand what these Debian packages hold: $*"
  local missing=() package
  for package in "$@"; do
    # Any nginx will do.
    if [[ $package == nginx-light ]] && { command -v nginx >/dev/null || [[ -x /usr/sbin/nginx ]]; }; then continue; fi
    is_installed "$package" || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then return; fi
  local by_hand="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
  local as_root=()
  if ((EUID != 0)); then
    if command -v sudo >/dev/null && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; then
      as_root=(sudo)
    else
      fail 69 "Debian packages are missing: ${missing[*]}" "run as root: $by_hand"
    fi
  fi
  say "installing Debian packages: ${missing[*]}"
  local log=$logs/packages result=0
  "${as_root[@]}" bash -s -- "${missing[@]}" >"$log" 2>&1 <<'AS_ROOT' || result=$?
set -eu
# A freshly installed nginx would start as a service on port 80. Nobody asked for that: Debian's own switch keeps it from starting now,
# and it is not enabled for later.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
# This script itself is what stands on standard input.
apt-get update -q </dev/null || echo "going on with the package lists that are there"
DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" </dev/null
case " $* " in
  *" nginx-light "*) systemctl disable nginx.service 2>/dev/null || true ;;
esac
AS_ROOT
  if ((result != 0)); then
    tail -n 20 "$log" >&2
    fail 69 "the packages could not be installed" "run as root: $by_hand"
  fi
}

# need_swift: Swift 6.3 or later
need_swift() {
  command -v swift >/dev/null ||
    fail 69 "there is no swift on PATH" "install Swift 6.3 or later: https://www.swift.org/install/linux/ (Debian 12)"
  local version
  version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' | head -n 1)
  [[ -n $version ]] || fail 69 "swift --version says nothing that is understood" "install Swift 6.3 or later: https://www.swift.org/install/linux/"
  if ((${version%%.*} < 6 || (${version%%.*} == 6 && ${version#*.} < 3))); then
    fail 69 "Swift $version is too old, 6.3 is needed" "install Swift 6.3 or later: https://www.swift.org/install/linux/"
  fi
}

# logged LABEL LOG COMMAND…: all output goes to the file LOG; a line every 15 seconds says that it still runs. Gives the command's result.
logged() {
  local label=$1 log=$2
  shift 2
  local pid result=0 begun=$SECONDS next=$((SECONDS + 15))
  # A process group of its own, so that Ctrl-C ends the tests and what they have started; see `tidy`.
  set -m
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  set +m
  running=$pid
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.3
    if ((SECONDS >= next)); then
      say "   $label: $((SECONDS - begun)) s … $(tail -c 4000 "$log" | tr '\r' '\n' | grep -av '^ *$' | tail -n 1 | cut -c1-100)"
      next=$((SECONDS + 15))
    fi
  done
  wait "$pid" || result=$?
  running=""
  say "   $label: $((SECONDS - begun)) s"
  return "$result"
}

# watched LABEL COMMAND…: the command's own progress on a terminal; elsewhere as `logged`, and all of the output if it fails.
watched() {
  local label=$1
  shift
  if [[ -t 1 ]]; then
    "$@"
    return
  fi
  local log=$logs/watched result=0
  logged "$label" "$log" "$@" || result=$?
  if ((result != 0)); then cat "$log"; fi
  return "$result"
}
