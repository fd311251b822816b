# The words of the line in `words`: those that bash took apart at `:` and `=` are put together again.
_vmflow_whole() {
    local rest="${COMP_LINE#*"${COMP_WORDS[0]}"}" part i
    words=("${COMP_WORDS[0]}")
    for (( i = 1; i <= COMP_CWORD; i++ )); do
        part="${COMP_WORDS[i]}"
        if [[ -z $COMP_LINE || $rest == [[:space:]]* ]]; then
            words+=("$part")
        else
            words[${#words[@]}-1]+="$part"
        fi
        rest="${rest#"${rest%%[![:space:]]*}"}"
        rest="${rest#"$part"}"
    done
}
# What stands in the project goes before what clap knows; flags are offered to who begins one, and files where nothing else is.
_vmflow_values() {
    local -a words values=() kept=()
    local word value before=""
    _vmflow_whole
    word="${words[${#words[@]}-1]}"
    _vmflow "$@"
    [[ $word == -* && $word != --*=* ]] && return
    # Bash replaces what stands behind the last `:` or `=` only.
    [[ $COMP_WORDBREAKS == *:* && $word == *:* ]] && before="${word%"${word##*:}"}"
    [[ $COMP_WORDBREAKS == *=* && ${word#"$before"} == *=* ]] && before="${word%"${word##*=}"}"
    while IFS= read -r value; do
        values+=("${value#"$before"}")
    done < <(VMFLOW_COMPLETE=$(( ${#words[@]} - 1 )) "${words[@]}" 2>/dev/null </dev/null)
    if (( ! ${#values[@]} )) && [[ -z $before ]]; then
        for value in "${COMPREPLY[@]}"; do
            [[ $value == -* ]] || kept+=("$value")
        done
        values=("${kept[@]}")
    fi
    COMPREPLY=("${values[@]}")
    [[ ${#values[@]} == 1 && $values == */ ]] && compopt -o nospace 2>/dev/null
    return 0
}
complete -F _vmflow_values -o nosort -o bashdefault -o default vmflow
