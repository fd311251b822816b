# What stands in the project goes before files and flags.
_vmflow_values() {
    local word="${COMP_WORDS[COMP_CWORD]}" value
    _vmflow "$@"
    [[ $word == -* ]] && return
    local -a values=()
    while IFS= read -r value; do
        values+=("$value")
    done < <(VMFLOW_COMPLETE=$COMP_CWORD "${COMP_WORDS[@]}" 2>/dev/null </dev/null)
    (( ${#values[@]} )) || return
    COMPREPLY=("${values[@]}")
    [[ ${#values[@]} == 1 && $values == */ ]] && compopt -o nospace 2>/dev/null
    return 0
}
complete -F _vmflow_values -o nosort -o bashdefault -o default vmflow
