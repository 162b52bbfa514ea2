# Tests with programs that others wrote: `make check-real'.
REAL_TESTS += tests/real/curl.sh tests/real/etcd.sh tests/real/initd.sh tests/real/nginx.sh \
    tests/real/page.sh
dist_check_SCRIPTS += tests/real/curl.sh tests/real/etcd.sh tests/real/initd.sh \
    tests/real/nginx.sh tests/real/page.sh
EXTRA_DIST += tests/real/lib.sh
