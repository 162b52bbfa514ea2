noinst_LIBRARIES += src/advice/libadvice.a
src_advice_libadvice_a_SOURCES = \
	src/advice/advice.h \
	src/advice/advice.c
