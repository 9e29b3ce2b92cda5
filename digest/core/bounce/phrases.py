"""The words by which servers say what happened, where their codes do not.

From what large providers publish about their replies and what servers are seen to say: Gmail,
Outlook and Yahoo (their postmaster pages), Postfix, Exim, qmail and sendmail (their sources).
"""

import re


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{phrase})" for phrase in phrases), re.IGNORECASE)


# About us: our name, our mail, our pace. It outranks all other words.
POLICY = _any(
    r"\bspam\b", r"spamhaus|spamcop|barracuda|proofpoint|cloudmark|senderbase|uceprotect",
    r"\b(?:black|block|deny)[ -]?list", r"\bRBLs?\b|\bDNSBL\b", r"reputation", r"unsolicited",
    r"\bSPF\b|\bDKIM\b|\bDMARC\b|\bARC\b", r"unauthenticated|authenticat\w+ (?:fail|requir|check)",
    r"sender (?:address )?(?:rejected|denied|verif)", r"polic(?:y|ies)", r"not authori[sz]ed",
    r"reverse (?:dns|lookup|hostname)|\bPTR\b", r"rate limit|too many|throttl|unusual(?:ly high)?",
    r"relay(?:ing)? (?:access )?(?:denied|not|prohibited)|relaying",
    r"content (?:was )?(?:rejected|denied|blocked)",
    r"message (?:content )?(?:rejected|refused|blocked)|virus|malware|phish|suspicious",
    r"not accepting mail from|blocked using|access denied by",
    r"line (?:too )?long|bare (?:LF|CR|linefeed)|message (?:size|too (?:large|big))",
    r"exceeds.{0,30}size",
    r"smtputf8|^unsupported\b", r"greylist|graylist", r"\bS3140\b|\bS3150\b|\[PH\d\d\]|\[TS\d\d\]",
)  # fmt: skip

# About the mailbox or its domain, and for good.
GONE = _any(
    r"(?:user|account|mailbox|recipient|address|addressee|alias|mailhost|name|inbox)\W{1,3}"
    r"(?:\S{1,80}\s)?(?:is |was |are |has been |does |do |could |can)?(?:be )?(?:not|no longer|n't)"
    r"\W{0,3}(?:be )?"
    r"(?:exist|found|known|valid|active|available|recogni[sz]ed|a valid|listed|in|local)",
    r"(?:unknown|invalid|no such|non-?existent|illegal|bad|unrouteable|undefined|ambiguous)\W{1,3}"
    r"(?:or illegal )?(?:final |destination |local |virtual |email |e-mail |delivery )*"
    r"(?:user|account|mailbox|recipient|address|addressee|alias|domain|host|name|person|inbox)",
    r"(?:user|account|mailbox|recipient|address|domain|alias|host)\W{1,3}(?:is |was |has been )?"
    r"(?:unknown|invalid|disabled|deactivated|inactive|suspended|closed|deleted|expired|terminated|"
    r"discontinued|unrouteable|not found|nonexistent)",
    r"doesn'?t have an? \S{1,40} account", r"no (?:such )?(?:user|mailbox|account|recipient)\b",
    r"no mailbox (?:here )?by that name|there is no (?:user|mailbox|account|one)",
    r"(?:host|domain)(?: or domain)? (?:name )?not found|NXDOMAIN|name or service not known",
    r"couldn'?t find any host|no mx|null mx|does not accept mail|accepts no mail",
    r"destination (?:server|domain|mailbox).{0,20}(?:not exist|unknown|invalid)",
    r"no matches to nameserver|RecipNotFound|RecipientNotFound|recipient address rejected: access",
    r"not a (?:valid|known|local) |not our customer|no longer (?:valid|with|in use|works|employed)",
    r"did not exactly match|invalid final delivery|user doesn.t exist",
    r"is not (?:a )?(?:known|valid)",
)  # fmt: skip

# About the mailbox or the way to it, for now.
FULL = _any(
    r"(?:mail)?(?:box|folder|account|user|inbox)\W.{0,40}"
    r"(?:is |was )?(?:full|over ?quota|over disk|exceed)",
    r"over ?(?:the )?(?:disk |storage |mail)?(?:quota|limit)|quota exceed|exceed\w* .{0,20}quota",
    r"(?:insufficient|out of|not enough) .{0,20}(?:storage|space|disk)|mailbox full",
    r"receiving mail (?:too quickly|at a rate)",
)  # fmt: skip
LATER = _any(
    r"timed? ?out|time-out|try again|tempor(?:ary|arily)|later|too long|queue|retry|expired",
    r"not respond|no answer|unreachable|not reachable|refused|could not connect|connection",
    r"loop|too many hops|deferred|maximum .{0,20}attempts|busy|unavailable",
)  # fmt: skip

# A warning: the server has not given up.
DELAYED = _any(
    r"(?:still|not yet) (?:in the queue|be(?:ing)? (?:retried|delivered)|delayed|queued)",
    r"not yet (?:been )?delivered|still trying|will (?:continue|keep)|postponed",
    r"delivery (?:attempts )?(?:has been |is |to .{0,80} )?(?:delayed|deferred)",
    r"do not need to (?:re|take)|attempts will continue|message (?:is |has been )?delayed",
    r"just a warning|warning.{0,30}(?:delay|not)|no action is req",
)  # fmt: skip

GIVEN_UP = _any(r"permanent|giv(?:en|ing) up|not going to try again|no longer valid|fatal")

# That a mail is about mail which did not arrive.
FAILURE = _any(
    r"undeliver|non-?delivery|not deliver|n't deliver|(?:not|n't) able to.{0,40}deliver",
    r"delivery warning|postponed|returned because|encountered an error",
    r"un(?:able|successful).{0,30}deliver|non[- ]remis",
    r"deliver\w*.{0,60}(?:fail|error|problem|abort|status|notif|impossible|unsuccessful|not)",
    r"(?:fail|error|problem|impossib|unable|unsuccessful).{0,60}(?:deliver|reach|send)",
    r"could not be (?:deliver|reach|sent)|cannot be (?:deliver|reach|sent)|not (?:reach|receive)",
    r"return(?:ed|ing) (?:mail|message|to sender|email)|mail (?:system )?(?:error|failure)|bounced",
    r"failure notice|rejected (?:by|mail|message)|was (?:automatically )?rejected|unzustellbar",
    r"mail could not|message has encountered|n'a pas pu|no se (?:ha )?pudo",
    r"nicht zugestellt|no such user",
    r"over (?:disk )?quota|unknown user|user unknown|mailbox is full|rejected:",
    r"address.{0,40}did not",
)  # fmt: skip

SENDERS = re.compile(
    r"mailer-?daemon|postmaster|mail-?daemon|mail[._ -]?delivery"
    r"|delivery[._ -]?(?:subsystem|system)|system administrator|\bmdaemon\b|mail system",
    re.IGNORECASE,
)

AWAY = _any(
    r"^(?:re: ?)?(?:automatic|auto|automated)[- ]?(?:reply|response|answer)\b",
    r"out of (?:the )?office|\bOOO\b|on vacation|on holiday|away from (?:my|the)|annual leave",
    r"abwesen|automatische antwort|réponse automatique|respuesta automática|absence du bureau",
    r"risposta automatica|vacation|自动回复|自動返信|autoresponder|will be out",
)  # fmt: skip
