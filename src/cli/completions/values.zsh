# What stands in the project goes before files and flags.
_vmflow() {
    local -a values folders
    if [[ ${words[CURRENT]} != -* ]]; then
        values=("${(@f)$(VMFLOW_COMPLETE=$((CURRENT - 1)) "${words[@]}" 2>/dev/null </dev/null)}")
        values=(${values:#})
        if (( $#values )); then
            folders=(${(M)values:#*/})
            values=(${values:#*/})
            (( $#folders )) && compadd -S '' -a folders
            (( $#values )) && compadd -a values
            return
        fi
    fi
    _vmflow_words "$@"
}
