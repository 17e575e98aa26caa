//! The guard: a small process that ends the workers when `ganas` itself was killed.
//!
//! A worker is told of the end of `ganas` by the end of its stdin, but one that hangs does not read it. The guard holds
//! the other end of a pipe that closes with `ganas`, however that ends, and then kills the process groups that are
//! still on its list. It is a few lines of the POSIX shell, because code that runs between fork and exec, as
//! PR_SET_PDEATHSIG needs, would be `unsafe`, would spare the children of a worker, and works on Linux only.

use std::io::{self, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};

/// Keeps a list of process groups; `+ 12` adds one, `- 12` removes one; at the end of stdin the rest is killed.
const SCRIPT: &str = r#"
groups=" "
while read -r sign group; do
  case "$sign" in
    +) groups="$groups$group " ;;
    -) case "$groups" in
         *" $group "*) groups="${groups%% $group *} ${groups#* $group }" ;;
       esac ;;
  esac
done
for group in $groups; do
  kill -KILL "-$group" 2>/dev/null
done
"#;

/// The guard of one pool.
#[derive(Debug)]
pub(super) struct Guard {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Guard {
    pub(super) fn start() -> io::Result<Self> {
        let mut command = Command::new("sh");
        command
            .args(["-c", SCRIPT, "ganas-guard"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // In a group of its own it outlives Ctrl-C, which the terminal sends to the group of `ganas`.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        let stdin = child.stdin.take();
        Ok(Self { child, stdin })
    }

    pub(super) fn add(&mut self, group: u32) {
        self.tell('+', group);
    }

    pub(super) fn remove(&mut self, group: u32) {
        self.tell('-', group);
    }

    fn tell(&mut self, sign: char, group: u32) {
        if let Some(stdin) = &mut self.stdin {
            // Without its guard the workers still end by the end of their stdin, unless they hang.
            let _ = writeln!(stdin, "{sign} {group}");
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}
