"""Where code is kept, built and published."""

from __future__ import annotations

from typing import Final

from genai_guard.guards.credentials.credential import token
from genai_guard.guards.credentials.randomness import has_checksum

__all__ = ["CREDENTIALS"]

_GITLAB: Final = ("glpat", "gldt", "glrt", "glcbt", "glptt", "glft", "glimt", "glagent", "gloas", "glsoat", "glffct")

CREDENTIALS: Final = (
    token("GITHUB_TOKEN", r"gh[pousr]_[A-Za-z0-9]{36}", 40, validator=has_checksum),
    token("GITHUB_FINE_GRAINED_TOKEN", r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}", 93),
    token(
        "GITLAB_TOKEN",
        rf"(?:{'|'.join(_GITLAB)})-[A-Za-z0-9_-]{{20,64}}(?:\.[A-Za-z0-9.]{{8,24}})?",
        25,
        97,
        words=_GITLAB,
    ),
    token("BITBUCKET_APP_PASSWORD", r"ATBB[A-Za-z0-9]{24}[0-9A-F]{8}", 36),
    token("NPM_TOKEN", r"npm_[A-Za-z0-9]{36}", 40, validator=has_checksum),
    token("PYPI_TOKEN", r"pypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZw)[A-Za-z0-9_-]{50,300}", 70, 327, words=("pypi",)),
    token("RUBYGEMS_API_KEY", r"rubygems_[0-9a-f]{48}", 57),
    token("CRATES_TOKEN", r"cio[A-Za-z0-9]{32}", 35),
    token("CLOJARS_TOKEN", r"CLOJARS_[0-9a-f]{60}", 68),
    token("DOCKER_TOKEN", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,32}", 36, 41),
    token("NUGET_API_KEY", r"oy2[a-z2-7]{43}", 46),
    token("JFROG_API_KEY", r"AKCp[0-9A-Za-z]{69}", 73),
    token("SOURCEGRAPH_TOKEN", r"sgp_(?:[0-9a-fA-F]{16}_|local_)?[0-9a-f]{40}", 44, 61),
    token("BUILDKITE_TOKEN", r"bkua_[0-9a-f]{40}", 45),
    token("CIRCLECI_TOKEN", r"CCI(?:PAT|PRJ)_[A-Za-z0-9]{22}_[0-9a-f]{40}", 70),
    token("SONAR_TOKEN", r"sq[apu]_[0-9a-f]{40}", 44),
    token("POSTMAN_API_KEY", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}", 64, words=("pmak",)),
    token("TYPEFORM_TOKEN", r"tfp_[A-Za-z0-9_-]{59}", 63),
)
