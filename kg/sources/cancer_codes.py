"""Cancer codes that are not OncoTree's, with the name of the disease they stand for.

Most are abbreviations of The Cancer Genome Atlas. A code in this table becomes a mention of the name, which assembly resolves among the
diseases' names; every other code is taken for one of OncoTree.
"""

from collections.abc import Mapping
from types import MappingProxyType

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "ACINIC": "acinic cell carcinoma",
        "ADCC": "adenoid cystic carcinoma",
        "B_ALL": "B-cell acute lymphoblastic leukemia",
        "CHOROID_PLEXUS": "choroid plexus carcinoma",
        "CLL": "chronic lymphocytic leukemia",
        "CRANIO": "craniopharyngioma",
        "CTCL": "cutaneous T-cell lymphoma",
        "DLBC": "diffuse large B-cell lymphoma",
        "EPN": "ependymoma",
        "HEPB": "hepatoblastoma",
        "KICH": "chromophobe renal cell carcinoma",
        "KIRC": "clear cell renal cell carcinoma",
        "KIRP": "papillary renal cell carcinoma",
        "LAML": "acute myeloid leukemia",
        "LGG": "low grade glioma",
        "LIHC": "hepatocellular carcinoma",
        "MENINGIOMA": "meningioma",
        "MESO": "malignant mesothelioma",
        "MM": "multiple myeloma",
        "MTC": "medullary thyroid carcinoma",
        "NEC_MERKEL": "Merkel cell carcinoma",
        "NET_LUNG": "lung neuroendocrine neoplasm",
        "NET_MIDGUT": "small intestine neuroendocrine tumor",
        "NET_PANCREAS": "pancreatic neuroendocrine tumor",
        "NUTM": "NUT midline carcinoma",
        "OV": "ovarian serous carcinoma",
        "PCPG": "pheochromocytoma",
        "RB": "retinoblastoma",
        "SARC": "sarcoma",
        "SARC_CHON": "chondrosarcoma",
        "SARC_CHOR": "chordoma",
        "SARC_DFSP": "dermatofibrosarcoma protuberans",
        "SARC_EWS": "Ewing sarcoma",
        "SARC_IMT": "inflammatory myofibroblastic tumor",
        "SARC_OS": "osteosarcoma",
        "SARC_RMS_ARMS": "alveolar rhabdomyosarcoma",
        "SARC_RMS_ERMS": "embryonal rhabdomyosarcoma",
        "THCA": "thyroid carcinoma",
        "T_ALL": "T-cell acute lymphoblastic leukemia",
        "UVM": "uveal melanoma",
        "WILMS": "Wilms tumor",
        "cSCC": "cutaneous squamous cell carcinoma",
    }
)
