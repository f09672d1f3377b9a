#!/bin/sh
# Makes the certificates of the tour anew, with openssl 3.0: those of an authority and of a server on localhost. They are for
# tests only. The key of the server is here for everybody to see; that of the authority is not kept.

set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

: >"$work/index"
cat >"$work/config" <<END
[ca]
default_ca = authority
[authority]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = policy
# Early and late enough for any clock that is roughly right.
default_startdate = 20200101000000Z
default_enddate = 21200101000000Z
[policy]
commonName = supplied
[req]
distinguished_name = subject
[subject]
[for-authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[for-server]
basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
authorityKeyIdentifier = keyid
END

# issue <name> <key> <common name> <options>
issue() {
  name=$1 key=$2 subject=$3
  shift 3
  openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$key"
  openssl req -new -config "$work/config" -key "$key" -subj "/CN=$subject" -out "$work/request"
  openssl ca -batch -notext -config "$work/config" -extensions "for-$name" -in "$work/request" -out "$name.pem" "$@"
}

issue authority "$work/authority.key" 'Winter Demo' -selfsign -keyfile "$work/authority.key"
issue server server.key localhost -cert authority.pem -keyfile "$work/authority.key"
