# The rooms, lowest first, and the two programs made from them.
include src/base/local.mk
include src/conf/local.mk
include src/board/local.mk
include src/balance/local.mk
include src/probe/local.mk
include src/advice/local.mk
include src/report/local.mk
include src/channel/local.mk
include src/role/local.mk
include src/worker/local.mk
include src/checker/local.mk
include src/stats/local.mk
include src/master/local.mk
include src/control/local.mk

sbin_PROGRAMS += k0slbd
k0slbd_SOURCES = src/k0slbd.c
k0slbd_LDADD = src/master/libmaster.a src/worker/libworker.a src/checker/libchecker.a \
	src/stats/libstats.a src/role/librole.a src/channel/libchannel.a src/report/libreport.a \
	src/probe/libprobe.a src/advice/libadvice.a src/balance/libbalance.a src/board/libboard.a \
	src/conf/libconf.a src/base/libbase.a $(OPENSSL_LIBS) $(INIH_LIBS) -lpthread

bin_PROGRAMS += k0slbctl
k0slbctl_SOURCES = src/k0slbctl.c
k0slbctl_LDADD = src/control/libcontrol.a src/report/libreport.a src/probe/libprobe.a \
	src/advice/libadvice.a src/board/libboard.a src/conf/libconf.a src/base/libbase.a \
	$(OPENSSL_LIBS) $(INIH_LIBS) $(YAML_LIBS) -lpthread
