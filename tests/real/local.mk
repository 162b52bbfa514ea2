# Tests with programs that others wrote: `make check-real'.
REAL_TESTS += tests/real/curl.sh tests/real/drain.sh tests/real/etcd.sh tests/real/etcd_h2.sh tests/real/import.sh \
    tests/real/initd.sh tests/real/nghttpd.sh tests/real/nginx.sh tests/real/nginx_https.sh tests/real/page.sh \
    tests/real/s_server.sh tests/real/statistics.sh tests/real/top.sh
dist_check_SCRIPTS += tests/real/curl.sh tests/real/drain.sh tests/real/etcd.sh tests/real/etcd_h2.sh \
    tests/real/import.sh tests/real/initd.sh tests/real/nghttpd.sh tests/real/nginx.sh \
    tests/real/nginx_https.sh tests/real/page.sh tests/real/s_server.sh tests/real/statistics.sh tests/real/top.sh
EXTRA_DIST += tests/real/lib.sh tests/real/webdriver.sh
