# Shared by the scripts: checks what must be there, builds the app, finds the binary.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
fail() { printf 'script: %s\n' "$*" >&2; exit 1; }

need() { # command, what to do when it is missing
  command -v "$1" >/dev/null 2>&1 || fail "$1 is missing. $2"
}

check_tools() {
  need git "Install it: apt-get install git"
  need curl "Install it: apt-get install curl"
  need cc "Install a C compiler: apt-get install build-essential"
  need cargo "Install Rust 1.95 or later with rustup."
  need node "Install Node 20 or later."
  need npm "It comes with Node 20."
  local major
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 20 ] || fail "Node $(node --version) is too old; Node 20 or later is needed."
}

# Where cargo puts what it builds.
target_dir() { printf '%s' "${CARGO_TARGET_DIR:-target}"; }

# Installs what package-lock.json names, when that changed. Not npm ci: it refuses a lock file that does not also list
# the binaries for every other operating system, and not every registry has those.
npm_install() { # folder
  local stamp="$1/node_modules/.installed-from"
  if [ ! -f "$stamp" ] || ! cmp -s "$1/package-lock.json" "$stamp"; then
    say "Installing the packages of $1"
    (cd "$1" && npm install --no-save --no-fund --no-audit --loglevel=error)
    cp "$1/package-lock.json" "$stamp"
  fi
}

# Builds the app when any of its sources is newer than the last build.
build_ui() {
  npm_install ui
  if [ ! -f ui/dist/index.html ] || [ -n "$(find ui -path ui/node_modules -prune -o -path ui/dist -prune -o -type f -newer ui/dist/index.html -print -quit)" ]; then
    say "Building the app"
    (cd ui && npm run build)
  fi
}
