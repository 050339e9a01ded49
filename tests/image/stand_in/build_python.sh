#!/bin/sh
# Stand-in for the archive that uv downloads: Debian's Python 3.11 as python/bin, python/lib, python/include in ARCHIVE.
set -eu
archive=$1 work=$(mktemp -d) triplet=$(uname -m)-linux-gnu
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download python3.11-minimal python3.11-dev python3.11-venv \
  libpython3.11-minimal libpython3.11-stdlib libpython3.11-dev
for package in *.deb; do dpkg -x "$package" root; done
mkdir python
mv root/usr/bin root/usr/lib root/usr/include python/
cp "python/include/$triplet/python3.11/pyconfig.h" python/include/python3.11/pyconfig.h
rm -r "python/lib/$triplet" python/lib/python3.11/sitecustomize.py
tar -czf "$archive" python
rm -r "$work"
