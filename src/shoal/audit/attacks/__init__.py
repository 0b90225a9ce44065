"""The attacks, one a file; a new one is `audit.attack.Attack` and a line here."""

from shoal.audit.attack import Attack
from shoal.audit.attacks.averaging import Averaging
from shoal.audit.attacks.knock import Knock
from shoal.audit.attacks.membership import Membership
from shoal.audit.attacks.recovery import Recovery
from shoal.audit.attacks.zero import Zero

ATTACKS: tuple[Attack, ...] = (Membership(), Knock(), Zero(), Recovery(), Averaging())
