# What stands in the project goes before files and flags.
_vmflow() {
    local -a values
    if [[ ${words[CURRENT]} != -* ]]; then
        values=("${(@f)$(VMFLOW_COMPLETE=$((CURRENT - 1)) "${words[@]}" 2>/dev/null </dev/null)}")
        values=(${values:#})
        if (( $#values )); then
            compadd -a values
            return
        fi
    fi
    _vmflow_words "$@"
}
