/* SPDX-License-Identifier: MIT
 *
 * Values of arguments, written out as text by a visitor: {field=value ...}, [value ...], "bytes".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <cmocka.h>

#include "decode/decode.h"
#include "tracee.h"

/* The visitor checks that what is opened is closed, and that one value was given. */
struct writer {
	struct visitor visitor;
	char text[1 << 16];
	size_t length;
	int depth, values;
	char closing[32];
	bool after_field;
};

__attribute__((format(printf, 2, 3))) static void put(struct writer *writer, const char *format,
						      ...)
{
	va_list args;

	va_start(args, format);
	int length = vsnprintf(writer->text + writer->length, sizeof writer->text - writer->length,
			       format, args);
	va_end(args);
	assert_true(length >= 0 && (size_t)length < sizeof writer->text - writer->length);
	writer->length += (size_t)length;
}

static void begin_value(struct writer *writer)
{
	if (!writer->depth)
		writer->values++;
	else if (writer->closing[writer->depth - 1] == '}')
		assert_true(writer->after_field);
	if (!writer->after_field && writer->length && writer->text[writer->length - 1] != '[')
		put(writer, " ");
	writer->after_field = false;
}

static void write_integer(struct visitor *visitor, int64_t value)
{
	begin_value((struct writer *)visitor);
	put((struct writer *)visitor, "%lld", (long long)value);
}

static void write_bytes(struct visitor *visitor, const void *bytes, size_t size)
{
	begin_value((struct writer *)visitor);
	put((struct writer *)visitor, "\"");
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = ((const unsigned char *)bytes)[i];
		put((struct writer *)visitor, byte > 32 && byte < 127 ? "%c" : "\\%02x", byte);
	}
	put((struct writer *)visitor, "\"");
}

static void write_nothing(struct visitor *visitor)
{
	begin_value((struct writer *)visitor);
	put((struct writer *)visitor, "nil");
}

static void open_any(struct writer *writer, char opening, char closing)
{
	begin_value(writer);
	put(writer, "%c", opening);
	assert_true(writer->depth < 31);
	writer->closing[writer->depth++] = closing;
}

static void write_open_list(struct visitor *visitor, size_t size_hint)
{
	(void)size_hint;
	open_any((struct writer *)visitor, '[', ']');
}

static void write_open_struct(struct visitor *visitor, size_t size_hint)
{
	(void)size_hint;
	open_any((struct writer *)visitor, '{', '}');
}

static void write_field(struct visitor *visitor, const char *name)
{
	struct writer *writer = (struct writer *)visitor;

	assert_true(writer->depth && writer->closing[writer->depth - 1] == '}' &&
		    !writer->after_field);
	put(writer, writer->text[writer->length - 1] == '{' ? "%s=" : " %s=", name);
	writer->after_field = true;
}

static void write_close(struct visitor *visitor)
{
	struct writer *writer = (struct writer *)visitor;

	assert_true(writer->depth > 0 && !writer->after_field);
	put(writer, "%c", writer->closing[--writer->depth]);
}

static struct writer *new_writer(void)
{
	static struct writer writer;

	memset(&writer, 0, sizeof writer);
	writer.visitor =
		(struct visitor){write_integer,	    write_bytes, write_nothing, write_open_list,
				 write_open_struct, write_field, write_close};
	return &writer;
}

static const char *finished(struct writer *writer)
{
	assert_int_equal(writer->depth, 0);
	assert_int_equal(writer->values, 1);
	return writer->text;
}

static const char *arg_text(const struct tracee *tracee, unsigned i)
{
	struct writer *writer = new_writer();

	decode_arg(tracee->record, tracee->row, i, &writer->visitor);
	return finished(writer);
}

static const char *address_text(const void *bytes, size_t size)
{
	struct writer *writer = new_writer();

	decode_sockaddr(bytes, size, &writer->visitor);
	return finished(writer);
}

#define ADDRESS(bytes) address_text(bytes, sizeof(bytes) - 1)

static void inet_addresses(void **state)
{
	(void)state;
	assert_string_equal(ADDRESS("\x02\0\0\x50\x7f\0\0\x01\0\0\0\0\0\0\0\0"),
			    "{family=2 port=80 address=\"\\7f\\00\\00\\01\"}");
	assert_string_equal(
		ADDRESS("\x0a\0\x1f\x90\0\0\0\x05\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x07\0\0\0"),
		"{family=10 port=8080 "
		"address=\"\\fe\\80\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\01\" "
		"scope=7 flowinfo=5}");
	/* Without the scope, as RFC 2133 had it: the kernel takes it. */
	assert_string_equal(
		ADDRESS("\x0a\0\0\x50\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"),
		"{family=10 port=80 "
		"address=\"\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\01\" "
		"scope=0 flowinfo=0}");
}

static void unix_addresses(void **state)
{
	(void)state;
	assert_string_equal(ADDRESS("\x01\0/run/x\0rest"), "{family=1 path=\"/run/x\"}");
	assert_string_equal(ADDRESS("\x01\0/run/x"),
			    "{family=1 path=\"/run/x\"}"); // 108 bytes have no NUL
	assert_string_equal(ADDRESS("\x01\0\0abc\0d"), "{family=1 path=\"\\00abc\\00d\"}");
	assert_string_equal(ADDRESS("\x01\0"), "{family=1}");
}

static void other_addresses(void **state)
{
	(void)state;
	assert_string_equal(ADDRESS("\x10\0\0\0\xd2\x04\0\0\x03\0\0\0"),
			    "{family=16 pid=1234 groups=3}");
	assert_string_equal(
		ADDRESS("\x11\0\x08\x06\x02\0\0\0\x01\0\x04\x06\x01\x02\x03\x04\x05\x06"),
		"{family=17 protocol=2054 interface=2 packet_type=4 "
		"address=\"\\01\\02\\03\\04\\05\\06\"}");
	assert_string_equal(ADDRESS("\x28\0\0\0\x50\0\0\0\x02\0\0\0\0\0\0\0"),
			    "{family=40 cid=2 port=80}");
	assert_string_equal(ADDRESS("\x63\0xyz"), "{family=99 data=\"xyz\"}");
	assert_string_equal(ADDRESS("\0\0"), "{family=0}");
}

/* What is too short for its family is kept raw; less than a family is nothing. */
static void short_addresses(void **state)
{
	static const uint8_t families[] = {1, 2, 10, 16, 17, 40, 200};

	(void)state;
	assert_string_equal(address_text("", 0), "nil");
	assert_string_equal(address_text("\x02", 1), "nil");
	assert_string_equal(ADDRESS("\x02\0\0\x50\x7f\0\0"),
			    "{family=2 data=\"\\00P\\7f\\00\\00\"}");
	for (size_t i = 0; i < sizeof families; i++)
		for (size_t size = 0; size <= 140; size++) {
			uint8_t *bytes = malloc(size + 1); // for the sanitizer to guard
			assert_non_null(bytes);
			memset(bytes, 0xff, size);
			if (size > 1)
				memcpy(bytes, (uint8_t[]){families[i], 0}, 2);
			address_text(bytes, size);
			free(bytes);
		}
}

static const char *rights_text(const void *bytes, size_t size, unsigned arch)
{
	struct writer *writer = new_writer();

	decode_rights(bytes, size, arch, &writer->visitor);
	return finished(writer);
}

static void descriptors_in_control_messages(void **state)
{
	static const uint64_t two[] = {24, 1 | UINT64_C(1) << 32, 5 | UINT64_C(6) << 32,
				       20, 1 | UINT64_C(1) << 32, 7};
	static const uint32_t compat[] = {16, 1, 1, 9, 24, 1, 2, 0, 0, 0, 16, 1, 1, 10};
	static const uint64_t overlapping[] = {8, 24, 1 | UINT64_C(1) << 32, 5};
	uint64_t hostile[] = {0, 1 | UINT64_C(1) << 32, 1, 2};

	(void)state;
	assert_string_equal(rights_text(two, sizeof two, ARCH_X86_64), "[5 6 7]");
	assert_string_equal(rights_text(two, sizeof two - 4, ARCH_X86_64),
			    "[5 6 7]");				       // without padding
	assert_string_equal(rights_text(two, 20, ARCH_X86_64), "[5]"); // cut
	assert_string_equal(rights_text(compat, sizeof compat, ARCH_I386), "[9 10]");
	assert_string_equal(rights_text(two, 15, ARCH_X86_64), "[]");
	assert_string_equal(rights_text(NULL, 0, ARCH_X86_64), "[]");
	assert_string_equal(rights_text(overlapping, sizeof overlapping, ARCH_X86_64), "[]");
	uint64_t lengths[] = {0, 1, 15, 16, 17, UINT64_MAX, UINT64_MAX - 7, INT64_MAX};
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		hostile[0] = lengths[i];
		assert_string_equal(rights_text(hostile, sizeof hostile, ARCH_X86_64),
				    lengths[i] > 32 ? "[1 0 2 0]" : "[]");
	}
}

static void scalars_have_the_table_s_width(void **state)
{
	struct tracee *tracee = *state;

	tracee_enter(tracee, ARCH_X86_64, "openat",
		     ARGS(0xffffff9c, 0, 0xdead00000000 | 0x80040, 0600), 0);
	assert_string_equal(arg_text(tracee, 0), "-100"); // AT_FDCWD; the upper half is nobody's
	assert_string_equal(arg_text(tracee, 1), "nil");
	assert_string_equal(arg_text(tracee, 2), "524352");
	assert_string_equal(arg_text(tracee, 3), "384");
	assert_string_equal(arg_text(tracee, 4), "nil");
	tracee_enter(tracee, ARCH_X86_64, "lseek", ARGS(3, UINT64_MAX, 2), 0);
	assert_string_equal(arg_text(tracee, 1), "-1");
	tracee_enter(tracee, ARCH_I386, "lseek", ARGS(3, UINT32_MAX, 2), 0);
	assert_string_equal(arg_text(tracee, 1), "-1");
	tracee_enter(tracee, ARCH_I386, "pread64", ARGS(3, 0, 5, 0xfffffff0, 1), 0);
	assert_string_equal(arg_text(tracee, 3), "8589934576");
	tracee_enter(tracee, ARCH_I386, "preadv", ARGS(3, 0, 5, 7, 1), 0);
	assert_string_equal(arg_text(tracee, 3), "4294967303");
	tracee_enter(tracee, ARCH_X86_64, "preadv", ARGS(3, 0, 5, 0x100000007, 99), 0);
	assert_string_equal(arg_text(tracee, 3), "4294967303");
	tracee_enter(tracee, ARCH_X86_64, "ioctl", ARGS(3, UINT64_C(0xffffffff80045430)), 0);
	assert_string_equal(arg_text(tracee, 1), "2147767344");
}

static void strings_and_payload(void **state)
{
	static const uint64_t argv[] = {1000, 1002, 0xdead, 0};
	struct tracee *tracee = *state;

	tracee_map(tracee, 1000, "a\0b c\0", 6);
	tracee_map(tracee, 2000, argv, sizeof argv);
	tracee_enter(tracee, ARCH_X86_64, "execve", ARGS(1002, 2000, 5), 0);
	assert_string_equal(arg_text(tracee, 0), "\"b\\20c\"");
	assert_string_equal(arg_text(tracee, 1), "[\"a\" \"b\\20c\" nil]");
	assert_string_equal(arg_text(tracee, 2), "5");
	tracee_enter(tracee, ARCH_X86_64, "execve", ARGS(0xdead, 0xdead), 0);
	assert_string_equal(arg_text(tracee, 0), "nil");
	tracee_enter(tracee, ARCH_X86_64, "write", ARGS(1, 1000, 4), 3);
	assert_string_equal(arg_text(tracee, 1), "\"a\\00b\"");
	tracee_enter(tracee, ARCH_X86_64, "write", ARGS(1, 1000, 4), 0);
	assert_string_equal(arg_text(tracee, 1), "nil");
}

static void structs(void **state)
{
	static const struct stat status = {
		.st_mode = S_IFREG | 0644, .st_size = 1234567890123, .st_nlink = 2};
	static const uint32_t times[] = {5, 6, 7, 0xfffffffe};
	static const uint32_t poll[] = {3, 0x00010001, UINT32_MAX, 0x00200004};
	struct tracee *tracee = *state;

	tracee_map(tracee, 1000, &status, sizeof status);
	tracee_map(tracee, 2000, times, sizeof times);
	tracee_map(tracee, 3000, poll, sizeof poll);
	tracee_enter(tracee, ARCH_X86_64, "fstat", ARGS(3, 1000), 0);
	assert_string_equal(arg_text(tracee, 1), "nil"); // not yet
	tracee_leave(tracee, 0, 0);
	assert_non_null(strstr(arg_text(tracee, 1), "st_nlink=2 st_mode=33188 st_uid=0"));
	assert_non_null(strstr(arg_text(tracee, 1), " st_size=1234567890123 "));
	assert_non_null(strstr(arg_text(tracee, 1), " st_atim={tv_sec=0 tv_nsec=0} "));
	tracee_enter(tracee, ARCH_I386, "utimensat", ARGS(-100, 0, 2000), 0);
	assert_string_equal(arg_text(tracee, 2), "[{tv_sec=5 tv_nsec=6} {tv_sec=7 tv_nsec=-2}]");
	tracee_enter(tracee, ARCH_X86_64, "poll", ARGS(3000, 2, 5), 0);
	assert_string_equal(arg_text(tracee, 0),
			    "[{fd=3 events=1 revents=1} {fd=-1 events=4 revents=32}]");
	tracee_enter(tracee, ARCH_X86_64, "poll", ARGS(3000, 3, 5), 0); // the third is not there
	assert_string_equal(arg_text(tracee, 0),
			    "[{fd=3 events=1 revents=1} {fd=-1 events=4 revents=32}]");
	tracee_enter(tracee, ARCH_X86_64, "nanosleep", ARGS(2008),
		     0); // only half of it is readable
	assert_string_equal(arg_text(tracee, 0), "{tv_sec=-8589934585}");
}

static void values_after_the_call_when_there_are_any(void **state)
{
	static int64_t offset = 10;
	static int pair[2] = {5, 6};
	struct tracee *tracee = *state;

	tracee_map(tracee, 1000, &offset, sizeof offset);
	tracee_map(tracee, 2000, pair, sizeof pair);
	tracee_enter(tracee, ARCH_X86_64, "sendfile", ARGS(1, 2, 1000, 50), 0);
	assert_string_equal(arg_text(tracee, 2), "10");
	offset = 60;
	tracee_leave(tracee, -11, 0);
	assert_string_equal(arg_text(tracee, 2), "10");
	tracee_leave(tracee, 50, 0);
	assert_string_equal(arg_text(tracee, 2), "60");
	tracee_enter(tracee, ARCH_X86_64, "pipe2", ARGS(2000, 0), 0);
	tracee_leave(tracee, 0, 0);
	assert_string_equal(arg_text(tracee, 0), "[5 6]");
}

static void sets_are_lists(void **state)
{
	static const uint64_t bits[] = {1 << 0 | 1 << 14, 2};
	struct tracee *tracee = *state;

	tracee_map(tracee, 1000, bits, sizeof bits);
	tracee_enter(tracee, ARCH_X86_64, "rt_sigprocmask", ARGS(0, 1000, 0, 8), 0);
	assert_string_equal(arg_text(tracee, 1), "[1 15]");
	assert_string_equal(arg_text(tracee, 2), "nil");
	tracee_enter(tracee, ARCH_X86_64, "select", ARGS(66, 1000), 0);
	assert_string_equal(arg_text(tracee, 1), "[0 14 65]");
}

static void variants_have_their_own_arguments(void **state)
{
	static const struct {
		int16_t type, whence;
		int64_t start, len;
		int32_t pid;
	} lock = {1, 0, 5, 6, 0};
	struct tracee *tracee = *state;

	tracee_map(tracee, 1000, &lock, sizeof lock);
	tracee_enter(tracee, ARCH_X86_64, "fcntl", ARGS(3, 6, 1000), 0);
	assert_string_equal(arg_text(tracee, 2), "{l_type=1 l_whence=0 l_start=5 l_len=6 l_pid=0}");
	tracee_enter(tracee, ARCH_X86_64, "fcntl", ARGS(3, 4, 1000), 0);
	assert_string_equal(arg_text(tracee, 2), "1000");
	tracee_enter(tracee, ARCH_X86_64, "fcntl", ARGS(3, 3, 1000), 0);
	assert_string_equal(arg_text(tracee, 2), "nil");
}

static void messages(void **state)
{
	static const uint32_t vector[] = {1000, 3, 1003, 4};
	static const uint32_t message[] = {1100, 3, 2000, 2, 0, 0, 0x40, 99};
	struct tracee *tracee = *state;

	tracee_map(tracee, 1000, "0123456789", 10);
	tracee_map(tracee, 1100, "\x01\0x", 3);
	tracee_map(tracee, 2000, vector, sizeof vector);
	tracee_map(tracee, 3000, message, sizeof message);
	const char *expected = "{msg_name={family=1 path=\"x\"} msg_iov=[{iov_base=1000 iov_len=3} "
			       "{iov_base=1003 iov_len=4}] msg_control=nil msg_flags=64}";
	tracee_enter(tracee, ARCH_I386, "sendmsg", ARGS(3, 3000), 0);
	assert_string_equal(arg_text(tracee, 1), expected);
	tracee_enter(tracee, ARCH_I386, "sendmmsg", ARGS(3, 3000, 1), 0);
	assert_non_null(strstr(arg_text(tracee, 1), expected));
	assert_non_null(strstr(arg_text(tracee, 1), "msg_len=99}]"));
	tracee_enter(tracee, ARCH_I386, "sendmsg", ARGS(3, 3008),
		     0); // reaches beyond what is mapped
	assert_string_equal(arg_text(tracee, 1), "nil");
	tracee_enter(tracee, ARCH_I386, "readv", ARGS(3, 2000, 2), 0);
	assert_string_equal(arg_text(tracee, 1),
			    "[{iov_base=1000 iov_len=3} {iov_base=1003 iov_len=4}]");
}

/* Every argument of every call, with pieces of every small size: one value each, within bounds. */
static void hostile_pieces(void **state)
{
	struct tracee *tracee = *state;
	uint8_t junk[300];

	memset(junk, 0xee, sizeof junk);
	for (unsigned arch = 0; arch < ARCH_COUNT; arch++)
		for (int nr = 0; nr < 1024; nr++) {
			tracee->row = syscall_row(arch, nr);
			for (unsigned i = 0; tracee->row && i < tracee->row->arg_count; i++)
				for (size_t size = 0; size < sizeof junk;
				     size += size < 40 ? 1 : 37) {
					record_begin(tracee->record, RECORD_CALL, 1, 1);
					tracee->record->arch = arch;
					for (int part = PIECE_SELF; part <= PIECE_CONTROL;
					     part++)
						record_add(tracee->record, i, part, 0, junk, size,
							   0);
					arg_text(tracee, i);
				}
		}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tracee_new, tracee_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(inet_addresses),
		TEST(unix_addresses),
		TEST(other_addresses),
		TEST(short_addresses),
		TEST(descriptors_in_control_messages),
		TEST(scalars_have_the_table_s_width),
		TEST(strings_and_payload),
		TEST(structs),
		TEST(values_after_the_call_when_there_are_any),
		TEST(sets_are_lists),
		TEST(variants_have_their_own_arguments),
		TEST(messages),
		TEST(hostile_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
