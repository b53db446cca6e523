# Sourced by ./diorama and scripts/format: finds a JDK and the system packages, and installs those that are missing.

say() { echo "diorama: $*" >&2; }
fail() {
  say "$*"
  exit 1
}

# Prints the version of the JDK in a folder without starting it; nothing when there is none.
jdk_version() {
  local line
  [[ -x $1/bin/javac && -r $1/release ]] || return 0
  while read -r line; do
    if [[ $line == JAVA_VERSION=* ]]; then
      line=${line#*\"}
      echo "${line%\"*}"
      return 0
    fi
  done <"$1/release"
}

# Sets `jdk` to a JDK 25 or newer. One before 25.0.3 serves only when there is no other: its G1 collector has a
# fault with pinned regions.
find_jdk() {
  local candidate on_path version second=""
  jdk=""
  on_path=$(command -v java 2>/dev/null || true)
  [[ -z $on_path ]] || on_path=$(readlink -f "$on_path")
  for candidate in "${JAVA_HOME:-}" "${on_path%/bin/java}" /usr/lib/jvm/* /usr/lib64/jvm/* /opt/*jdk* /opt/java/* \
    /usr/local/*jdk* "$HOME"/.jdks/* "$HOME"/.sdkman/candidates/java/* "$HOME"/.m2/jdks/*; do
    version=$(jdk_version "$candidate")
    case $version in
      25 | 25.0.[012] | 25.0.[012].*) second=${second:-$candidate} ;;
      2[5-9]* | [3-9][0-9]*)
        jdk=$candidate
        return 0
        ;;
    esac
  done
  jdk=$second
  [[ -n $jdk ]]
}

has_header() {
  [[ -e /usr/include/$1 || -e /usr/local/include/$1 ]] ||
    echo "#include <$1>" | c++ -x c++ -E - >/dev/null 2>&1
}

# Prints the Debian packages that are missing; with "test" also those that only the tests need.
missing_packages() {
  local packages=""
  command -v mvn >/dev/null || packages+=" maven"
  command -v cmake >/dev/null || packages+=" cmake"
  command -v c++ >/dev/null || packages+=" g++"
  command -v ninja >/dev/null || command -v make >/dev/null || packages+=" ninja-build"
  has_header hwy/highway.h || packages+=" libhwy-dev"
  find_jdk || [[ -z $(apt-cache search --names-only '^openjdk-25-jdk-headless$' 2>/dev/null) ]] ||
    packages+=" openjdk-25-jdk-headless"
  if [[ ${1:-} == test ]]; then
    has_header doctest/doctest.h || packages+=" doctest-dev"
    command -v clang-format >/dev/null || packages+=" clang-format"
  fi
  echo "${packages# }"
}

# Installs what is missing where that is allowed, else says which command does.
install_packages() {
  local packages root=()
  packages=$(missing_packages "${1:-}")
  if [[ -n $packages ]]; then
    if ! command -v apt-get >/dev/null; then
      fail "these packages are missing; install them as your system does: $packages"
    fi
    if [[ $(id -u) != 0 ]]; then
      root=(sudo)
      sudo -n true 2>/dev/null ||
        fail "some packages are missing; run: sudo apt-get update && sudo apt-get install -y $packages"
    fi
    say "installing $packages"
    # Word splitting is meant: one argument for each package.
    # shellcheck disable=SC2086
    { "${root[@]}" apt-get update -q &&
      "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages; } \
      >&2 || fail "apt-get failed; run: ${root[*]} apt-get update && ${root[*]} apt-get install -y $packages"
  fi
  find_jdk ||
    fail "no JDK 25 or newer was found: install one (https://adoptium.net has packages) or set JAVA_HOME to it."
}

# Maven, with the JDK that was found where its toolchain discovery looks. It runs on that JDK only without another.
maven() {
  local java_home=${JAVA_HOME:-}
  [[ -n $java_home ]] || command -v java >/dev/null || java_home=$jdk
  (cd "$root_folder" && JAVA25_HOME=$jdk JAVA_HOME=$java_home mvn "$@")
}
