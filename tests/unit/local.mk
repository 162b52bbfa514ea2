# The small frame around CUnit, and a program for each room that links it and what is below.
check_LIBRARIES += tests/unit/libunit.a
tests_unit_libunit_a_SOURCES = tests/unit/unit.h tests/unit/claim.h tests/unit/unit.c
tests_unit_libunit_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_libunit_a_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)

unit_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
unit_cflags = $(AM_CFLAGS) $(CUNIT_CFLAGS)
unit_libs = tests/unit/libunit.a $(CUNIT_LIBS)

include tests/unit/base/local.mk
include tests/unit/conf/local.mk
include tests/unit/board/local.mk
include tests/unit/balance/local.mk
include tests/unit/probe/local.mk
include tests/unit/advice/local.mk
include tests/unit/report/local.mk
include tests/unit/channel/local.mk
include tests/unit/role/local.mk
include tests/unit/worker/local.mk
include tests/unit/checker/local.mk
include tests/unit/stats/local.mk
include tests/unit/master/local.mk
include tests/unit/control/local.mk
