#!/bin/sh
# Makes the certificate that the tests' HTTPS server shows for files.test, and its key: ./make-certificate.sh
cd "$(dirname "$0")" || exit 1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 \
  -subj /CN=files.test -addext subjectAltName=DNS:files.test -keyout files.test.key -out files.test.crt
