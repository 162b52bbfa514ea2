# The commented sample of the configuration file.
EXTRA_DIST += etc/k0slb.ini
