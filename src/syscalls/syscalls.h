/* SPDX-License-Identifier: MIT
 *
 * syscalls: the one table of system calls, generated from syscalls.yaml. It says each call's name,
 * number per architecture, classes, and for each argument its name, what it is, and which memory
 * it points to. Names, decoding and the capture programs all come from it.
 */
#ifndef SYSCALLS_H
#define SYSCALLS_H

#include "record.h"

/* What a value is; how it looks is decided in lua/. The kinds from ARG_STR on point to memory. */
enum arg_kind {
	ARG_INT,    /* signed, as wide as the table says: int, long, off_t */
	ARG_UINT,   /* unsigned: size_t, counts */
	ARG_HEX,    /* addresses and cookies: unsigned, people read them in hex */
	ARG_FD,     /* descriptor */
	ARG_DIRFD,  /* descriptor or AT_FDCWD */
	ARG_PID,
	ARG_UID,
	ARG_MODE,   /* octal permission bits */
	ARG_DEV,
	ARG_SIGNAL,
	ARG_FLAGS,  /* bits of a family of constants */
	ARG_ENUM,   /* one value of a family */
	ARG_STR,    /* NUL-terminated bytes */
	ARG_PATH,   /* the same, naming a file */
	ARG_STRV,   /* NULL-terminated array of strings: argv */
	ARG_BUF,    /* bytes whose length an argument or the result tells; payload: captured on request */
	ARG_BYTES,  /* the same, but small and always captured: an option value, an xattr name list */
	ARG_IOVEC,  /* array of struct iovec; its payload is captured on request */
	ARG_MSGHDR, /* struct msghdr with name, control and, on request, payload */
	ARG_MMSGHDR,/* array of struct mmsghdr */
	ARG_SOCKADDR,
	ARG_STRUCT, /* one struct of a described layout, or an array of them */
	ARG_STATUS, /* one wait status */
	ARG_SIGSET,
	ARG_FDSET,
	ARG_INTS,   /* one or an array of 32-bit integers, read as signed: pipe's two descriptors */
	ARG_LONGS,  /* one or an array of the ABI's long: an off_t pointer */
	ARG_INT64S, /* one or an array of 64-bit integers: a loff_t pointer */
	ARG_KINDS
};

/* A set of named constants (open_flags, mmap_prot ...). */
struct constant {
	const char *name;
	uint64_t value;
	uint64_t mask;  /* flags: bits that are compared with value; enums: ~0 */
};

struct family {
	const char *name;
	bool is_flags;
	const struct constant *constants; /* in the order they are to be tried */
	size_t count;
};

/* A member of a struct. Its kind is a scalar, ARG_STR (char array that ends at NUL), ARG_BYTES (blob),
 * ARG_SIGSET or ARG_STRUCT. */
struct struct_field {
	const char *name;
	enum arg_kind kind;
	uint8_t bytes;                      /* of a scalar: 1, 2, 4 or 8 */
	bool list;                          /* an array of scalars or structs */
	uint16_t offset;
	uint16_t size;                      /* of all elements */
	const struct family *family;        /* ARG_FLAGS, ARG_ENUM; NULL otherwise */
	const struct struct_layout *layout; /* ARG_STRUCT; NULL otherwise */
};

/* A struct as one ABI lays it out. Unnamed padding is not among the fields. */
struct struct_layout {
	const char *name;
	uint16_t size;
	uint16_t field_count;
	const struct struct_field *fields;
};

struct syscall_arg {
	const char *name;
	enum arg_kind kind;
	uint8_t slot;                       /* which of the six registers; a 64-bit value on i386 takes
					       this one (low half) and the next */
	uint8_t bytes;                      /* width of a scalar: 4 or 8 */
	bool pair;                          /* a scalar in two registers */
	bool in;                            /* memory is read by the kernel: valid before the call */
	bool out;                           /* memory is written by the kernel: valid after success */
	bool list;                          /* ARG_STRUCT, ARG_INTS ...: an array */
	const struct family *family;        /* ARG_FLAGS, ARG_ENUM; NULL otherwise */
	const struct struct_layout *layout; /* ARG_STRUCT; NULL otherwise */
};

enum { CLASS_MAX = 16 };

/* One step of a capture program: which bytes to read, when. The interpreter in source/capture.c
 * (and any other) knows nothing else about system calls. See steps.h. */
struct capture_step;

struct syscall_row {
	const char *name;
	uint16_t classes;                   /* bit per class; see syscall_class_name */
	uint8_t class;                      /* the first class of the row: what e.class says */
	uint8_t arg_count;
	uint8_t step_count;
	uint8_t long_bytes;                 /* of long, size_t and pointers in the call's structs */
	enum arg_kind ret;                  /* what the result is when it is no error */
	const struct family *ret_family;    /* ARG_FLAGS, ARG_ENUM; NULL otherwise */
	const struct syscall_arg *args;
	const struct capture_step *steps;
	uint8_t variant_arg;                /* index of the argument that chooses the variant */
	uint16_t variant_count;
	const struct syscall_variant *variants;
};

/* What a call's arguments are for some values of one of them: fcntl's by its command. */
struct syscall_variant {
	uint64_t value, mask;               /* of that argument */
	const struct syscall_row *row;      /* same name, classes and number of slots; no variants */
};

/* The row of a number, or NULL when the kernel's table has none by it. */
const struct syscall_row *syscall_row(unsigned arch, int nr);
/* The row for these register values: a variant of `row`, or `row` itself. capture_run and decode_arg
 * do this themselves; who looks at kinds of arguments of a certain call must too. */
const struct syscall_row *syscall_variant(const struct syscall_row *row, const uint64_t *args);
/* The number of a name, or -1. */
int syscall_number(unsigned arch, const char *name);
/* Name of a class ("file", "network" ...) or NULL past the last. */
const char *syscall_class_name(unsigned class);
/* Name of an architecture: "x86_64", "i386", "x32". */
const char *arch_name(unsigned arch);
/* A kind as lua/ knows it: "int", "fd", "path" ...; NULL past the last. */
const char *arg_kind_name(unsigned kind);
/* A family by its name, or NULL. The families are also for lua/, which writes flags as names. */
const struct family *family_find(const char *name);
/* "ENOENT" for 2; NULL when unknown. And back: 0 when unknown. */
const char *errno_name(int error);
int errno_number(const char *name);
/* "SIGTERM" for 15, "SIGRT_2" for SIGRTMIN+2 ...; NULL out of range. And back: 0 when unknown. */
const char *signal_name(int signal);
int signal_number(const char *name);

#endif
