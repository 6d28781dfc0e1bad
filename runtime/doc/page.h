/* SPDX-License-Identifier: MIT
 *
 * A page while it is written: what it says, apart from how that looks. Private to doc/. */
#ifndef MU_DOC_PAGE_H
#define MU_DOC_PAGE_H

#include "doc/doc.h"
#include "lua/words.h"

struct page;

struct page_ops {
    void (*title)(struct page *, const char *name, const char *line); /* line: a sentence, or "" */
    void (*section)(struct page *, const char *name);
    void (*part)(struct page *, const char *name); /* a page inside a page */
    void (*para)(struct page *, const char *text);
    void (*code)(struct page *, const char *text);
    void (*term)(struct page *, const char *name, const char *note, const char *text);
};
extern const struct page_ops page_text, page_markdown, page_roff;

struct page {
    const struct page_ops *ops;
    struct mu_buf *out;
};

/* Each writes behind what is there: its title (as a part when inside), then all there is to say. */
void page_verb(struct page *, const struct mu_module *, const struct mu_verb *, bool inside);
void page_word(struct page *, const struct mu_word *, bool inside);
void page_command(struct page *, const struct mu_doc_command *, const char *exit_codes,
                  bool inside);
void page_config(struct page *);
void page_header(struct page *);
void page_words_of(struct page *, enum mu_theme);
void page_types(struct page *);

void page_paraf(struct page *, const char *fmt, ...) MU_PRINTF(2, 3);
void page_codef(struct page *, const char *fmt, ...) MU_PRINTF(2, 3);
/* Octets of the first sentence of a doc text, with its full stop. */
size_t page_first_sentence(const char *doc);
char *page_sentence(const char *doc);
/* "zone.set_mx(domain, mx, { only_if?, ttl? })" */
void page_verb_signature(const struct mu_verb *, struct mu_buf *);
void page_word_signature(const struct mu_word *, struct mu_buf *);
/* The text broken to this width, every line but the first indented. */
/* Lua, with lines that are wider broken at spaces outside texts; each line indented. */
void page_wrap_code(struct mu_buf *, const char *text, int indent, int width);
void page_wrap(struct mu_buf *, const char *text, int indent, int width);

#endif
