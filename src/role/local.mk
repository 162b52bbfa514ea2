noinst_LIBRARIES += src/role/librole.a
src_role_librole_a_SOURCES = \
	src/role/role.h \
	src/role/role.c \
	src/role/role_life.h \
	src/role/birth.c \
	src/role/obey.c \
	src/role/spare.h \
	src/role/spare.c \
	src/role/transaction.h \
	src/role/transaction.c \
	src/role/helper.h \
	src/role/helper.c \
	src/role/privileges.h \
	src/role/privileges.c
