/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The grammar of xl.cfg(5), by hand; cfg_xlu.c has it beside libxlutil. */
#include "toolstack/cfg.h"

#include "base/util.h"
#include "tests/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static struct cfg c;
static struct err e;

static int take(const char *text)
{
	cfg_free(&c);
	err_clear(&e);
	return cfg_read(&c, "guest.cfg", text, strlen(text), &e);
}

static const char *text_of(const char *name)
{
	const struct cfg_setting *s = cfg_find(&c, name);

	return s && s->value->text ? s->value->text : "(none)";
}

TEST(a_file_as_people_write_it)
{
	const struct cfg_value *disk;

	OK(take("# a guest\nname = \"web\"   # of ours\n\nmemory=0x200; vcpus = 2\n"
		"disk = [ 'phy:/dev/vg/web,hda,w',\n  # the CD\n  \"file:/x.iso,hdc:cdrom,r\",\n]\n"
		"extra='a'\nextra += \" b\""));
	EQS("web", text_of("name"));
	EQS("0x200", text_of("memory"));
	EQ(CFG_NUMBER, cfg_find(&c, "memory")->value->kind);
	EQS("2", text_of("vcpus"));
	EQ(4, cfg_find(&c, "vcpus")->line);
	EQS("a b", text_of("extra"));
	disk = cfg_find(&c, "disk")->value;
	EQ(2, cfg_items(disk));
	EQS("phy:/dev/vg/web,hda,w", disk->items->text);
	EQ(5, disk->items->line);
	EQS("file:/x.iso,hdc:cdrom,r", disk->items->next->text);
	EQ(7, disk->items->next->line);
	CHECK(!cfg_find(&c, "vif"));
	cfg_free(&c);
}

TEST(escapes)
{
	OK(take("a = \"\\a\\b\\f\\n\\r\\t\\v\\\\\\'\\\"\""));
	EQS("\a\b\f\n\r\t\v\\'\"", text_of("a"));
	OK(take("a = '\\x41\\102c'"));
	EQS("ABc", text_of("a"));
	OK(take("a = \"it's\""));
	EQS("it's", text_of("a"));
	cfg_free(&c);
}

static const struct {
	const char *text, *said;
} wrong[] = {
	{"memory", "guest.cfg:1: the file ends, where '=' or '+=' should be"},
	{"\nmemory =\n", "guest.cfg:2: the line ends, where a number, a quoted string or a list "
			 "should be"},
	{"name = web", "guest.cfg:1: 'w', where a number, a quoted string or a list should be"},
	{"name = 'web\n", "guest.cfg:1: the line ends, and a string is still open"},
	{"a = 'b' c = 1",
	 "guest.cfg:1: 'c', where the line, or with ';' the statement, should end"},
	{"Memory = 1", "guest.cfg:1: 'M', where the name of a setting should be (small letters, "
		       "digits, _)"},
	{"a = -1", "guest.cfg:1: '-', where a number, a quoted string or a list should be"},
	{"a = 1\r\n", "guest.cfg:1: byte 0x0d, where the line, or with ';' the statement, should "
		      "end"},
	{"a = [1 2]", "guest.cfg:1: '2', where a list goes on with a comma or ends with ']'"},
	{"a = [1,\n\n2",
	 "guest.cfg:3: the file ends, where a list goes on with a comma or ends with "
	 "']'"},
	{"a = [,]", "guest.cfg:1: ',', where a number, a quoted string or a list should be"},
	{"a = '\\q'", "guest.cfg:1: 'q', which a backslash cannot stand before"},
	{"a = '\\x4'", "guest.cfg:1: ''', where an escape of the string needs a digit"},
	{"a = '\\000'", "guest.cfg:1: a string cannot hold the character 0"},
	{"a = '\\777'", "guest.cfg:1: a string cannot hold the character 511"},
	{"a = 1\na = 2", "guest.cfg:2: a is set twice, first on line 1: which one is meant?"},
	{"a = 1\na += [2]", "guest.cfg:2: a: a list and a single value cannot be added"},
	{"a = [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "guest.cfg:1: '[', too many lists in lists"},
};

static const char *wrong_name(size_t i)
{
	static char name[40];
	size_t n = 0;

	for (const char *p = wrong[i].text; *p && n < sizeof(name) - 1; p++)
		name[n++] = *p < ' ' ? '~' : *p;
	name[n] = '\0';
	return name;
}

TEST_EACH(refused, ARRAY_SIZE(wrong), wrong_name(i))
{
	EQ(-EINVAL, take(wrong[i].text));
	EQS(wrong[i].said, e.msg);
	cfg_free(&c);
}

TEST(a_nul_is_refused_wherever_it_stands)
{
	static const char text[] = "a = 'b\0c'", bare[] = "a = 1\0";

	EQ(-EINVAL, cfg_read(&c, "f", text, sizeof(text) - 1, &e));
	EQS("f:1: byte 0x00, in a string", e.msg);
	cfg_free(&c);
	err_clear(&e);
	EQ(-EINVAL, cfg_read(&c, "f", bare, sizeof(bare) - 1, &e));
	cfg_free(&c);
}

/* xl create FILE KEY=VALUE: the later text wins without a word; += adds to it. */
TEST(the_command_line_wins)
{
	OK(take("memory = 128\nextra = 'a'\ndisk = ['x']"));
	OK(cfg_read(&c, "command line", "memory=256;extra+='b'", 21, &e));
	EQS("256", text_of("memory"));
	EQS("command line", cfg_find(&c, "memory")->file);
	EQS("ab", text_of("extra"));
	EQ(-EINVAL, cfg_read(&c, "command line", "vcpus=1;vcpus=2", 15, &e));
	EQS("command line:1: vcpus is set twice, first on line 1: which one is meant?", e.msg);
	cfg_free(&c);
}

/* ---- cfg_write ---- */

static uint64_t seed;

static unsigned draw(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

/* Any text but a NUL, more often than not of what the grammar has a meaning for. */
static char *draw_text(void)
{
	static const char special[] = "\"'\\[],;#= \n\r\t\x7f\x01\xff\xc3\xa9";
	size_t n = draw(12);
	char *text = malloc(n + 1);

	for (size_t i = 0; i < n; i++)
		text[i] = draw(2) ? special[draw(sizeof(special) - 1)] : (char)(1 + draw(255));
	text[n] = 0;
	return text;
}

static struct cfg_value *draw_value(unsigned depth)
{
	static const char *const numbers[] = {"0", "1", "0x1f", "007", "18446744073709551616"};
	struct cfg_value *v = calloc(1, sizeof(*v)), **tail = &v->items;

	v->kind = (enum cfg_kind)draw(depth ? 3 : 2);
	if (v->kind == CFG_NUMBER)
		v->text = strdup(numbers[draw(ARRAY_SIZE(numbers))]);
	else if (v->kind == CFG_STRING)
		v->text = draw_text();
	for (unsigned n = v->kind == CFG_LIST ? draw(5) : 0; n; n--, tail = &(*tail)->next)
		*tail = draw_value(depth - 1);
	return v;
}

static void draw_settings(struct cfg *to)
{
	struct cfg_setting **tail = &to->first;

	for (unsigned i = 0, n = draw(6); i < n; i++, tail = &(*tail)->next) {
		*tail = calloc(1, sizeof(**tail));
		(*tail)->value = draw_value(4);
		MUST(asprintf(&(*tail)->name, "k%u_", i) > 0);
	}
}

static void same_value(const struct cfg_value *a, const struct cfg_value *b)
{
	EQ(a->kind, b->kind);
	EQ(!a->text, !b->text);
	if (a->text && b->text)
		EQS(a->text, b->text);
	a = a->items;
	b = b->items;
	for (; a && b; a = a->next, b = b->next)
		same_value(a, b);
	CHECK(!a && !b);
}

/* What is written is read as the same: a running guest's configuration is what it was made from. */
TEST_EACH(round_trip, 8, "")
{
	for (unsigned k = 0; k < 250; k++) {
		const struct cfg_setting *a, *b;
		struct cfg drawn = {.first = NULL};
		char *text = NULL;
		size_t size;
		FILE *f = open_memstream(&text, &size);

		seed = i * 1000 + k;
		draw_settings(&drawn);
		cfg_write(&drawn, f);
		fclose(f);
		NOTE("%u: %s", (unsigned)seed, text);
		OK(take(text));
		EQS("", e.msg);
		for (a = drawn.first, b = c.first; a && b; a = a->next, b = b->next) {
			EQS(a->name, b->name);
			same_value(a->value, b->value);
		}
		CHECK(!a && !b);
		cfg_free(&drawn);
		free(text);
	}
	cfg_free(&c);
}

TEST(files)
{
	char *big = malloc(CFG_MAX + 2);

	EQ(-ENOENT, cfg_read_file(&c, "/nonexistent/x", &e));
	CHECK(strstr(e.msg, "/nonexistent/x: cannot open it"));
	err_clear(&e);
	memset(big, ' ', CFG_MAX + 1);
	EQ(-E2BIG, cfg_read(&c, "big", big, CFG_MAX + 1, &e));
	OK(cfg_read(&c, "big", big, CFG_MAX, &e));
	free(big);
	cfg_free(&c);
}
