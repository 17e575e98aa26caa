//! An output that is being written.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::{OutputError, OutputProblem};
use crate::folder_of;
use crate::leftovers::{self, PREFIX, RANDOM_CHARACTERS, SUFFIX};
use crate::target::{Replace, Target};

/// How often a file is created again because somebody removed it before it was locked.
const ATTEMPTS: u32 = 16;

/// A file on its way to its place, where it appears with [`commit`](Self::commit) and not before. Dropped, it is removed.
#[derive(Debug)]
pub struct Output {
    target: Target,
    file: NamedTempFile,
}

impl Output {
    /// Begins to write beside the place of the output, after [`Target::check`], and removes leftovers from the folder.
    ///
    /// # Errors
    ///
    /// As [`Target::check`], or the folder cannot be written to.
    pub fn create(target: &Target) -> Result<Self, OutputError> {
        target.check()?;
        let folder = folder_of(target.path());
        leftovers::remove(folder);
        let file = locked_file(folder)
            .map_err(|source| OutputProblem::write(source).in_file(target.path()))?;
        Ok(Self {
            target: target.clone(),
            file,
        })
    }

    /// The file, for reading, writing and seeking.
    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Gives the complete file its name; it is on the disk afterwards.
    ///
    /// # Errors
    ///
    /// The file cannot be synced or renamed, or something has taken its name meanwhile; nothing is changed then.
    pub fn commit(self) -> Result<(), OutputError> {
        // What it is may have changed since it was begun.
        self.target.check()?;
        let Self { target, file } = self;
        place(file, &target).map_err(|problem| problem.in_file(target.path()))
    }

    /// The error that writing this output has failed.
    pub fn error(&self, source: io::Error) -> OutputError {
        OutputProblem::write(source).in_file(self.target.path())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A new file with an unpredictable name that this process holds the lock of.
fn locked_file(folder: &Path) -> io::Result<NamedTempFile> {
    for _ in 0..ATTEMPTS {
        let mut builder = tempfile::Builder::new();
        builder
            .prefix(PREFIX)
            .suffix(SUFFIX)
            .rand_bytes(RANDOM_CHARACTERS);
        // A temporary file is private by default; an output is as readable as any other file of its owner.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder)?;
        match file.as_file().lock() {
            Ok(()) => {}
            // A file system without locks: nobody else can lock and remove it either.
            Err(error) if error.kind() == ErrorKind::Unsupported => {}
            Err(error) => return Err(error),
        }
        if leftovers::is_at(file.as_file(), file.path()) {
            return Ok(file);
        }
        // Whoever removed it had the lock first; it is not ours to remove any more.
        let _ = file.into_temp_path().keep();
    }
    Err(io::Error::other(
        "the file that is written is removed again and again",
    ))
}

fn place(file: NamedTempFile, target: &Target) -> Result<(), OutputProblem> {
    if let Ok(metadata) = fs::symlink_metadata(target.path()) {
        // Who may read a file stays as it was.
        fs::set_permissions(file.path(), metadata.permissions()).map_err(OutputProblem::write)?;
    }
    file.as_file().sync_all().map_err(OutputProblem::write)?;
    let placed = match target.replace {
        Replace::Allowed => file.persist(target.path()),
        Replace::Refused => file.persist_noclobber(target.path()),
    };
    match placed {
        Ok(_) => sync_folder(folder_of(target.path())).map_err(OutputProblem::write),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Err(OutputProblem::Exists),
        Err(error) => Err(OutputProblem::write(error.error)),
    }
}

/// Makes a rename last.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // Some file systems have nothing to sync in a folder, and some folders may be written to but not opened.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::Unsupported | ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}
