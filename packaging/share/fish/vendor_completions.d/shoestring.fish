# Completion of `shoestring` in fish. The program itself answers, one line each: a word, a tab, and what it means.

function __shoestring_complete
    set -l found (env COLUMNS=1000 _SHOESTRING_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args \
        _TYPER_COMPLETE_ARGS=(commandline -cp | string collect) shoestring 2>/dev/null)
    if test -n "$found"
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end

complete --command shoestring --no-files --arguments '(__shoestring_complete)'
