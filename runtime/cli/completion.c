/* SPDX-License-Identifier: MIT
 *
 * The completion scripts. They hold no list of anything: at every TAB they ask `muster complete`, which
 * answers from the tables and the store (cli/complete.c), a candidate and its description a line. */
#include "cli/completion.h"

#include <string.h>

#include "base/buf.h"
#include "cli/say.h"

static const char bash[] =
    "# bash completion for muster; made by `muster doc --completion bash`.\n"
    "# Load it with: source <(muster doc --completion bash)\n"
    "_muster() {\n"
    "    local line=${COMP_LINE:0:COMP_POINT} words=() candidate cur\n"
    "    local -a candidates=()\n"
    "    # COMP_WORDS is broken at = and :, ours are not\n"
    "    read -r -a words <<<\"$line\"\n"
    "    case $line in *[[:space:]]) words+=('') ;; esac\n"
    "    cur=${words[${#words[@]}-1]}\n"
    "    while IFS=$'\\t' read -r candidate _; do\n"
    "        [ -z \"$candidate\" ] || candidates+=(\"$candidate\")\n"
    "    done < <(\"${words[0]}\" complete -- \"${words[@]:1}\" 2>/dev/null)\n"
    "    if [ \"${candidates[0]-}\" = :files ]; then\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        mapfile -t COMPREPLY < <(compgen -f -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
    "        return\n"
    "    fi\n"
    "    # what readline takes to stand there already: up to the last = or :\n"
    "    local last=${COMP_WORDS[COMP_CWORD]} skip=0\n"
    "    case $last in = | :) last= ;; esac\n"
    "    skip=$((${#cur} - ${#last}))\n"
    "    COMPREPLY=()\n"
    "    for candidate in \"${candidates[@]}\"; do COMPREPLY+=(\"${candidate:skip}\"); done\n"
    "    case ${#COMPREPLY[@]}:${COMPREPLY[0]-} in 1:*=) compopt -o nospace 2>/dev/null ;; esac\n"
    "}\n"
    "complete -F _muster muster\n";

static const char zsh[] =
    "#compdef muster\n"
    "# zsh completion for muster; made by `muster doc --completion zsh`.\n"
    "# Put it as _muster into a folder of $fpath, or: source <(muster doc --completion zsh)\n"
    "_muster() {\n"
    "    local line candidate text\n"
    "    local -a shown open\n"
    "    while IFS= read -r line; do\n"
    "        candidate=${line%%$'\\t'*} text=${line#*$'\\t'}\n"
    "        if [[ $candidate == :files ]]; then _files; return; fi\n"
    "        [[ -n $candidate ]] || continue\n"
    "        if [[ $candidate == *= ]]; then open+=(\"${candidate//:/\\\\:}:$text\")\n"
    "        else shown+=(\"${candidate//:/\\\\:}:$text\"); fi\n"
    "    done < <(\"${words[1]}\" complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)\n"
    "    local found=1\n"
    "    (( $#shown )) && _describe -V muster shown && found=0\n"
    "    (( $#open )) && _describe -V muster open -S '' && found=0\n"
    "    return $found\n"
    "}\n"
    "if [ \"$funcstack[1]\" = _muster ]; then _muster \"$@\"; else compdef _muster muster; fi\n";

int completion_script(const struct mu_cli *cli, const char *shell)
{
    const char *script = strcmp(shell, "bash") == 0 ? bash : strcmp(shell, "zsh") == 0 ? zsh : NULL;
    struct mu_buf out = {0};
    if (script == NULL)
        return mu_cli_fail(cli, "doc", MU_EXIT_USAGE,
                           "there are completions for bash and zsh, not for %s", shell);
    mu_buf_adds(&out, script);
    (void)!say_document(&out);
    mu_buf_free(&out);
    return MU_EXIT_OK;
}
