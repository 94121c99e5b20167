use hg_core::ids::UserId;
use hg_core::time::Timestamp;

use crate::cx::Role;
use crate::error::{DomainError, ErrorKind, FieldError};

/// Somebody who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    pub role: Role,
    pub timezone: Option<String>,
    pub last_sign_in_at: Option<Timestamp>,
}

impl User {
    /// First and last name, or the address.
    pub fn name(&self) -> String {
        let name = format!("{} {}", self.first_name, self.last_name).trim().to_owned();
        if name.is_empty() { self.email.clone() } else { name }
    }
}

#[derive(Debug, Clone)]
pub struct NewUser {
    pub email: String,
    pub password: String,
    pub first_name: String,
    pub last_name: String,
    pub role: Role,
    pub timezone: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub struct UserPatch {
    pub version: Option<i64>,
    pub email: Option<String>,
    pub password: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub role: Option<Role>,
    pub timezone: Option<Option<String>>,
}

/// What the first run asks for.
#[derive(Debug, Clone)]
pub struct Setup {
    pub user: NewUser,
    pub site_name: String,
    pub site_url: String,
    pub timezone: String,
    pub sender_name: String,
    pub sender_email: String,
}

/// A session as its owner sees it.
#[derive(Debug, Clone)]
pub struct SessionInfo {
    /// Goes into the cookie; only its hash is stored.
    pub token: String,
    /// Goes into the header of requests that change something.
    pub csrf_token: String,
    pub user: User,
}

#[derive(Debug, thiserror::Error)]
pub enum UserError {
    #[error("This email address and password do not belong together. Try again.")]
    WrongPassword,
    #[error("Too many wrong passwords. Try again in {minutes} minutes.", minutes = retry_after.div_ceil(60))]
    Locked { retry_after: u64 },
    #[error("Somebody with this email address is already here.")]
    AddressTaken,
    #[error("Honeyguide is set up already. Sign in, or ask an administrator for an account.")]
    AlreadySetUp,
    #[error("This is the last administrator. Make somebody else an administrator first.")]
    LastAdministrator,
    #[error("Choose a password of at least {least} characters that is not a common one.")]
    WeakPassword { least: usize },
    #[error("Write an email address such as you@example.org.")]
    WrongAddress,
    #[error("The present password is not right.")]
    WrongCurrent,
}

impl DomainError for UserError {
    fn code(&self) -> &'static str {
        match self {
            Self::WrongPassword => "user.wrong-password",
            Self::Locked { .. } => "user.locked",
            Self::AddressTaken => "user.address-taken",
            Self::AlreadySetUp => "user.already-set-up",
            Self::LastAdministrator => "user.last-administrator",
            Self::WeakPassword { .. } => "user.weak-password",
            Self::WrongAddress => "user.wrong-address",
            Self::WrongCurrent => "user.wrong-current",
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::WrongPassword => ErrorKind::Unauthenticated,
            Self::Locked { retry_after } => ErrorKind::TooMany { retry_after: *retry_after },
            Self::AlreadySetUp | Self::LastAdministrator => ErrorKind::Conflict,
            Self::AddressTaken | Self::WeakPassword { .. } | Self::WrongAddress | Self::WrongCurrent => ErrorKind::Invalid,
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        let pointer = match self {
            Self::AddressTaken | Self::WrongAddress => "/email",
            Self::WeakPassword { .. } => "/password",
            Self::WrongCurrent => "/current",
            _ => return Vec::new(),
        };
        vec![FieldError::new(pointer, self.code(), self.to_string())]
    }
}
