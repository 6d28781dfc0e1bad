/* SPDX-License-Identifier: MIT
 *
 * Which modules there are. registry.c is the only file that names them. */
#ifndef MU_MODULE_REGISTRY_H
#define MU_MODULE_REGISTRY_H

#include "module/module.h"

struct mu_registry;

/* Knows every built-in module's tables; opens nothing. */
struct mu_registry *mu_registry_new(void);
void mu_registry_free(struct mu_registry *); /* closes what is open */
/* One that is linked in and none of modules/: of the engine itself. */
void mu_registry_add(struct mu_registry *, const struct mu_module *);
/* Loads a third party's shared object. */
enum mu_err mu_registry_load(struct mu_registry *, const char *path, struct mu_fail *);
/* The verb and, in *module, its module; NULL when unknown. */
const struct mu_verb *mu_registry_find(const struct mu_registry *, const char *name,
                                       const struct mu_module **module);
/* The nearest known verb name for "did you mean"; NULL when nothing is near. */
const char *mu_registry_nearest(const struct mu_registry *, const char *name);
/* What modules know to be secret in this configuration, before anything else is done with it. */
void mu_registry_guard(const struct mu_registry *, const struct mu_host *);
/* Opens the module on first use and hands out its state. */
enum mu_err mu_registry_open(struct mu_registry *, const struct mu_module *, const struct mu_host *,
                             void **state, struct mu_fail *);
/* Every verb in table order; stops when cb returns false. */
typedef bool mu_registry_cb(const struct mu_module *, const struct mu_verb *, void *ud);
void mu_registry_each(const struct mu_registry *, mu_registry_cb *, void *ud);
typedef bool mu_registry_module_cb(const struct mu_module *, void *ud);
void mu_registry_each_module(const struct mu_registry *, mu_registry_module_cb *, void *ud);

/* Checks arguments against verb->params. written: the array as a playbook wrote it, positional values
 * then at most one options object (a sub call may hand over one object by name: by_name). *out: an
 * object with every param, normalised. The failure names verb, param, what was expected and got. */
enum mu_err mu_args_check(const struct mu_verb *, const json_t *written, bool by_name, json_t **out,
                          struct mu_fail *);
/* A result that a person says a verb would have returned, against verb->returns: fields of a known name must
 * have their type. The failure names verb, field, what it is and what was given. */
enum mu_err mu_result_check(const struct mu_verb *, const json_t *result, struct mu_fail *);
/* "zone.set_mx example.com 10 mx2.example.net" : the params marked MU_F_SHOWN, for people. New text. */
char *mu_args_shown(const struct mu_verb *, const json_t *args);
const char *mu_type_name(enum mu_type);
const char *mu_type_doc(enum mu_type); /* what is accepted */

#endif
