# What stands in the project.
function __vmflow_values
    set -l words (commandline -opc) (commandline -ct)
    VMFLOW_COMPLETE=(math (count $words) - 1) $words 2>/dev/null </dev/null
end
complete -c vmflow -a '(__vmflow_values)'
complete -c vmflow -l env -x -a '(__vmflow_values)'
complete -c vmflow -l from -x -a '(__vmflow_values)'
complete -c vmflow -l run -x -a '(__vmflow_values)'
complete -c vmflow -l from-run -x -a '(__vmflow_values)'
complete -c vmflow -l job-id -x -a '(__vmflow_values)'
