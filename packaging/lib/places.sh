# shellcheck shell=bash
# Where pipx installs Shoestring: for all users, and where sudo, man and shells search.

export PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin USE_EMOJI=0
export PIPX_MAN_DIR=/usr/local/share/man PIPX_COMPLETION_DIR=/usr/local/share
# shellcheck disable=SC2034 # for those who run it
readonly SHOESTRING=$PIPX_BIN_DIR/shoestring
readonly SHOESTRING_VENV=$PIPX_HOME/venvs/shoestring

# Makes man and the shells find the man page and the completion in the environment. pipx does so for the man page since
# version 1.3, for completion in newer ones; of the directories of fish, all its versions read only the one in /etc.
link_share() {
  link_shared man/man1/shoestring.1 "$PIPX_MAN_DIR/man1" &&
    link_shared bash-completion/completions/shoestring "$PIPX_COMPLETION_DIR/bash-completion/completions" &&
    link_shared zsh/site-functions/_shoestring "$PIPX_COMPLETION_DIR/zsh/site-functions" &&
    link_shared fish/vendor_completions.d/shoestring.fish /etc/fish/completions
}

link_shared() {
  mkdir -p "$2" && ln -sf "$SHOESTRING_VENV/share/$1" "$2/"
}
